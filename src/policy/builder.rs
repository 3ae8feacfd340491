pub struct PolicyBuilder {}
#[derive(Debug)]
pub struct PolicyError {}
