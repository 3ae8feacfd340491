pub(crate) fn admitted_headers() {}
