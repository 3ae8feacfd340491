//! OpenAI Chat Completions.
use super::*;
#[derive(Debug)]
pub struct OpenAiChat;
impl Api for OpenAiChat {
    fn name(&self) -> &'static str {
        unimplemented!()
    }
    fn recognises(&self, _: &Method, _: &str) -> bool {
        unimplemented!()
    }
    fn read(&self, _: &str, _: &str) -> Result<Call, Invalid> {
        unimplemented!()
    }
    fn splices(&self, _: &Call, _: &str, _: &Edit<'_>) -> Vec<Splice> {
        unimplemented!()
    }
    fn tally(&self, _: &str, _: &mut Tally) {
        unimplemented!()
    }
    fn is_usage_only(&self, _: &str) -> bool {
        unimplemented!()
    }
    fn error_body(&self, _: &Rejection) -> Bytes {
        unimplemented!()
    }
    fn canned(&self, _: &Call, _: &str, _: &Canned<'_>) -> (&'static str, Bytes) {
        unimplemented!()
    }
}
