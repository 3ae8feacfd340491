pub(crate) struct Answered;
pub(crate) fn render() {}
