pub struct TracingObserver;
