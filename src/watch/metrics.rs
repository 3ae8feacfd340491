pub struct MetricsObserver;
