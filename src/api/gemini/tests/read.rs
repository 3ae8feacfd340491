use http::Method;

use super::*;
use crate::api::{Delivery, ModelSite, NormalPath, Opaque};

#[test]
fn posts_that_generate_are_recognised_under_any_prefix() {
    let is = |method, path| Gemini.recognises(&method, NormalPath::of(path).as_str());
    for path in [
        PATH,
        STREAM,
        "/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:streamGenerateContent",
        "/v1/projects/p/locations/l/endpoints/123:generateContent",
        "/v1beta/tunedModels/mine-1:generateContent",
        "//gateway/google/models/gemini-2.5-flash%3AgenerateContent/",
        "/v1beta/Models/gemini-2.5-flash:GENERATEcontent",
    ] {
        assert!(is(Method::POST, path), "{path}");
        assert!(!is(Method::GET, path), "{path}");
    }
    for path in [
        "/v1beta/models/gemini-2.5-flash:countTokens",
        "/v1beta/models/gemini-2.5-flash:embedContent",
        "/v1beta/models/gemini-2.5-flash:batchGenerateContent",
        "/v1beta/models/gemini-2.5-flash:predict",
        "/v1beta/models/gemini-2.5-flash:generateContents",
        "/v1beta/models/gemini-2.5-flash:generateContent/x",
        "/v1beta/models/:generateContent",
        "/v1beta/models/gemini-2.5-flash/generateContent",
        "/gemini-2.5-flash:generateContent",
        "/v1beta/cachedContents",
    ] {
        assert!(!is(Method::POST, path), "{path}");
    }
}

#[test]
fn the_path_names_the_model_and_the_body_does_not() {
    let body = with(r#""model":"models/gemini-2.5-pro","model":7"#);
    let of = |path: &str| {
        let call = read_at(NormalPath::of(path).as_str(), None, &body).unwrap();
        (call.model, call.model_site)
    };
    assert_eq!(of(PATH), ("gemini-2.5-flash".into(), ModelSite::PathVerb));
    assert_eq!(
        &*of("/v1/publishers/google/Models/gemini-3-pro:STREAMgenerateContent").0,
        "gemini-3-pro"
    );
    for (path, model) in [
        (
            "/v1beta/tunedModels/mine:generateContent",
            "tunedModels/mine",
        ),
        (
            "/v1/locations/l/endpoints/123:generateContent",
            "endpoints/123",
        ),
        (
            "/v1/models/google/gemini-2.5-pro:generateContent",
            "google/gemini-2.5-pro",
        ),
    ] {
        assert_eq!(of(path), (model.into(), ModelSite::Nowhere), "{path}");
    }
    let long = format!("/models/{}:generateContent", "x".repeat(600));
    let refused = read_at(&long, None, &body).unwrap_err();
    assert_eq!(refused.param, Some("model"));
}

#[test]
fn the_verb_and_the_query_tell_how_the_answer_comes() {
    let of = |path, query| read_at(path, query, &with(r#""x":1"#)).unwrap().delivery;
    assert_eq!(of(PATH, Some("alt=sse")), Delivery::Whole);
    for query in ["alt=sse", "key=x&%24alt=SSE", "a&alt=%73se"] {
        assert_eq!(of(STREAM, Some(query)), Delivery::Events, "{query}");
    }
    for query in [None, Some("alt=json"), Some("alt"), Some("salt=sse")] {
        assert_eq!(of(STREAM, query), Delivery::Array, "{query:?}");
    }
}

#[test]
fn a_part_of_an_answer_cannot_be_asked_for() {
    for query in [
        "fields=candidates",
        "x&$fields=a",
        "%24fields=a",
        "fiel%64s=a",
    ] {
        let refused = read_at(PATH, Some(query), &with(r#""x":1"#)).unwrap_err();
        assert_eq!(refused.param, Some("fields"), "{query}");
    }
    assert!(read_at(PATH, Some("fields=&xfields=a"), &with(r#""x":1"#)).is_ok());
}

#[test]
fn an_answer_in_a_form_that_cannot_be_read_is_refused() {
    let of = |path, query| read_at(path, Some(query), &with(r#""x":1"#)).map(|call| call.delivery);
    for (query, param) in [
        ("alt=proto", "alt"),
        ("$alt=proto", "alt"),
        ("key=x&%24Alt=PROTO", "alt"),
        ("%61lt=medi%61", "alt"),
        ("alt=json;enum-encoding=int", "alt"),
        ("%24alt=json%3Benum-encoding%3Dint", "alt"),
        ("alt=sse%3benum-encoding=int", "alt"),
        ("alt=sse&$alt=json", "alt"),
        ("callback=f", "callback"),
        ("$CallBack=f", "callback"),
        ("$httpHeaders=X-Goog-FieldMask:candidates", "query"),
        ("$req={}", "query"),
    ] {
        for path in [PATH, STREAM] {
            assert_eq!(of(path, query).unwrap_err().param, Some(param), "{query}");
        }
    }
    for query in [
        "alt=JSON",
        "$alt=json&alt=json",
        "alt=&callback=",
        "prettyPrint=false&req=1",
    ] {
        assert_eq!(of(STREAM, query), Ok(Delivery::Array), "{query}");
    }
    assert_eq!(of(STREAM, "ALT=Sse&$alt=sse"), Ok(Delivery::Events));
}

#[test]
fn a_request_is_read_with_its_places_in_either_spelling() {
    for (config, cap, answers) in [
        ("generationConfig", "maxOutputTokens", "candidateCount"),
        ("generation_config", "max_output_tokens", "candidate_count"),
    ] {
        let body = with(&format!(r#""{config}": {{"{cap}": 70,"{answers}":3}}"#));
        let call = read(&body).unwrap();
        assert_eq!((call.output.cap, call.output.answers), (Some(70), 3));
        assert_eq!(&body[call.sites.cap.unwrap()], "70");
        assert!(body[call.sites.config.unwrap()].starts_with('{'));
        assert_eq!((call.sites.opening, call.input.messages), (0, 1));
    }
    let bare = read(&with(r#""generationConfig":null,"tools":null"#)).unwrap();
    assert_eq!(
        (bare.output.cap, bare.output.answers, bare.opaque),
        (None, 1, None)
    );
    assert!(!bare.reasons && !bare.asks_usage && !bare.is_stream());
}

#[test]
fn decisive_keys_stand_once_in_one_spelling() {
    for (members, param) in [
        (
            r#""generationConfig":{},"generation_config":{}"#,
            "generationConfig",
        ),
        (
            r#""generationConfig":{},"generationConfig":{}"#,
            "generationConfig",
        ),
        (r#""GenerationConfig":{}"#, "generationConfig"),
        (
            r#""generationConfig":{"maxOutputTokens":1,"max_output_tokens":2}"#,
            "maxOutputTokens",
        ),
        (
            r#""generationConfig":{"MaxOutputTokens":1}"#,
            "maxOutputTokens",
        ),
        (
            r#""generationConfig":{"candidateCount":1,"candidateCount":1}"#,
            "candidateCount",
        ),
        (r#""contents":[]"#, "contents"),
        (r#""Contents":[]"#, "contents"),
        (r#""tools":[],"tools":[]"#, "tools"),
        (
            r#""systemInstruction":{},"system_instruction":{}"#,
            "systemInstruction",
        ),
        (
            r#""cachedContent":"a","cached_content":"b""#,
            "cachedContent",
        ),
    ] {
        assert_eq!(refused(&with(members)), Some(param), "{members}");
    }
}

#[test]
fn wrong_types_and_absurd_numbers_are_refused() {
    for (members, param) in [
        (r#""generationConfig":[]"#, "generationConfig"),
        (r#""generationConfig":7"#, "generationConfig"),
        (
            r#""generationConfig":{"maxOutputTokens":0}"#,
            "maxOutputTokens",
        ),
        (
            r#""generationConfig":{"maxOutputTokens":-1}"#,
            "maxOutputTokens",
        ),
        (
            r#""generationConfig":{"maxOutputTokens":1.5}"#,
            "maxOutputTokens",
        ),
        (
            r#""generationConfig":{"maxOutputTokens":1e3}"#,
            "maxOutputTokens",
        ),
        (
            r#""generationConfig":{"maxOutputTokens":99999999999999999999}"#,
            "maxOutputTokens",
        ),
        (
            r#""generationConfig":{"maxOutputTokens":"9"}"#,
            "maxOutputTokens",
        ),
        (
            r#""generationConfig":{"candidateCount":true}"#,
            "candidateCount",
        ),
        (
            r#""generationConfig":{"thinkingConfig":1}"#,
            "thinkingConfig",
        ),
        (r#""tools":"x""#, "tools"),
        (r#""tools":[1]"#, "tools"),
        (r#""tools":[{"functionDeclarations":[1]}]"#, "tools"),
        (r#""systemInstruction":7"#, "systemInstruction"),
    ] {
        assert_eq!(refused(&with(members)), Some(param), "{members}");
    }
    for body in [
        r#"{"x":1}"#,
        r#"{"contents":null}"#,
        r#"{"contents":[]}"#,
        r#"{"contents":[null]}"#,
        r#"{"contents":7}"#,
        r#"{"contents":[{"parts":[7]}]}"#,
    ] {
        assert_eq!(refused(body), Some("contents"), "{body}");
    }
    for body in ["", "[]", "{", "\"x\"", "null", r#"{"contents":"hi"}x"#] {
        assert_eq!(refused(body), None, "{body}");
    }
}

#[test]
fn a_call_tells_whether_the_model_is_to_think() {
    for (config, reasons) in [
        (r#"{"thinkingBudget":1024}"#, true),
        (r#"{"thinking_budget":-1}"#, true),
        (r#"{"thinkingLevel":"LOW"}"#, true),
        (r#"{"includeThoughts":true}"#, true),
        (r#"{"thinkingBudget":0,"thinkingBudget":9}"#, true),
        (r#"{"thinkingBudget":0}"#, false),
        (r#"{"includeThoughts":false}"#, false),
        ("{}", false),
        ("null", false),
    ] {
        let body = with(&format!(
            r#""generationConfig":{{"thinkingConfig":{config}}}"#
        ));
        assert_eq!(read(&body).unwrap().reasons, reasons, "{config}");
    }
}

#[test]
fn input_that_cannot_be_seen_is_told_of() {
    use Opaque::{Cache, File, HostedTool, Mcp};
    let of = |body: &str| read(body).unwrap().opaque;
    for (members, reason) in [
        (r#""tools":[{"googleSearch":{}}]"#, Some(HostedTool)),
        (
            r#""tools":{"google_search_retrieval":{}}"#,
            Some(HostedTool),
        ),
        (r#""tools":[{"urlContext":{}}]"#, Some(HostedTool)),
        (r#""tools":[{"code_execution":{}}]"#, Some(HostedTool)),
        (
            r#""tools":[{"fileSearch":{"file_search_store_names":["x"]}}]"#,
            Some(HostedTool),
        ),
        (r#""tools":[{"googleMaps":{}}]"#, Some(HostedTool)),
        (r#""tools":[{"computerUse":{}}]"#, Some(HostedTool)),
        (r#""tools":[{"enterpriseWebSearch":{}}]"#, Some(HostedTool)),
        (r#""tools":[{"someFutureTool":{}}]"#, Some(HostedTool)),
        (r#""tools":[{"mcpServers":[{"name":"x"}]}]"#, Some(Mcp)),
        (r#""cachedContent":"cachedContents/x""#, Some(Cache)),
        (r#""cached_content":"cachedContents/x""#, Some(Cache)),
        (r#""cachedContent":"""#, None),
        (
            r#""cachedContent":null,"tools":[{"googleSearch":null}]"#,
            None,
        ),
        (
            r#""tools":[{"functionDeclarations":[{"name":"f"}]}],"toolConfig":{}"#,
            None,
        ),
        (r#""tools":[]"#, None),
    ] {
        assert_eq!(of(&with(members)), reason, "{members}");
    }
    let uri = r#"{"mime_type":"video/mp4","file_uri":"https://www.youtube.com/watch?v=x"}"#;
    for key in ["fileData", "file_data"] {
        assert_eq!(of(&part(&format!(r#""{key}":{uri}"#))), Some(File));
        let within = format!(r#""functionResponse":{{"name":"f","parts":[{{"{key}":{uri}}}]}}"#);
        assert_eq!(of(&part(&within)), Some(File));
    }
    assert_eq!(
        of(&part(
            r#""inlineData":{"mimeType":"image/png","data":"aaaa"}"#
        )),
        None
    );
}
