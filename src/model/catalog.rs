pub enum Encoding {}
pub struct Facts {}
