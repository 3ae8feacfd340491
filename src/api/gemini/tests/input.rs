use super::*;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::api::{Detail, Input, MediumKind, Opaque, Text};

#[test]
fn every_member_of_a_part_is_counted() {
    let body = part(
        r#""text":"a\nb","thought":true,"executableCode":{"language":"PYTHON","code":"1+1","id":"x"},"strange":{"deep":["é"]}"#,
    );
    assert_eq!(
        texts(&body),
        ["a\nb", "PYTHON", "1+1", "{\"deep\":[\"é\",],}"]
    );
    let other = r#"{"contents":[{"role":"user","parts":[{"text":"x","text":"y"}],"other":"o"}]}"#;
    assert_eq!(texts(other), ["x", "y", "o"]);
}

#[test]
fn calls_of_functions_and_what_came_of_them_are_counted() {
    let body = part(
        r#""function_call":{"id":"c1","name":"f","args":{"city":"Paris"}},"functionResponse":{"id":"c1","name":"f","response":{"a":1},"parts":[{"inline_data":{"mime_type":"image/png","data":"AAAA"}}]}"#,
    );
    assert_eq!(
        texts(&body),
        ["f", r#"{"city":"Paris",}"#, "f", r#"{"a":1,}"#]
    );
    let input = read(&body).unwrap().input;
    assert_eq!((input.names, input.media.len()), (2, 1));
    assert_eq!(input.media[0].kind, MediumKind::Image);
}

#[test]
fn one_item_may_stand_for_a_list() {
    for contents in [
        r#""hi""#,
        r#"["hi"]"#,
        r#"{"parts":{"text":"hi"}}"#,
        r#"[{"parts":"hi"}]"#,
        r#"{"parts":["hi"]}"#,
    ] {
        let body = format!(r#"{{"contents":{contents},"system_instruction":"be kind"}}"#);
        assert_eq!(texts(&body), ["hi", "be kind"], "{contents}");
        assert_eq!(read(&body).unwrap().input.messages, 2);
    }
}

#[test]
fn a_text_is_copied_only_if_it_is_escaped() {
    let texts = read(&part(r#""text":"plain","text":"\u0075ser""#))
        .unwrap()
        .input
        .texts;
    assert!(matches!(&texts[0], Text::Span(_)));
    assert!(matches!(&texts[1], Text::Owned(text) if &**text == "user"));
}

#[test]
fn data_are_texts_or_media_by_what_they_are() {
    let of = |mime: &str, data: &str| {
        let body = part(&format!(
            r#""inlineData":{{"mimeType":"{mime}","data":"{data}"}}"#
        ));
        let kinds = read(&body).unwrap().input.media;
        (texts(&body), kinds.first().map(|medium| medium.kind))
    };
    for mime in ["text/plain", "text/csv", "application/json", "", "x"] {
        assert_eq!(
            of(mime, "aGVsbG8="),
            (vec!["hello".to_owned()], None),
            "{mime}"
        );
    }
    for (mime, kind) in [
        ("image/png", MediumKind::Image),
        ("audio/wav", MediumKind::Audio),
        ("video/mp4", MediumKind::Video),
    ] {
        assert_eq!(of(mime, "aGVsbG8="), (vec![], Some(kind)), "{mime}");
    }
    assert_eq!(
        of("application/pdf", "JVBERi0xLjQ="),
        (vec![], Some(MediumKind::Document))
    );
    assert_eq!(
        of("application/zip", "////"),
        (vec![], Some(MediumKind::Document))
    );
    for twice in [
        r#""mimeType":"image/png","mime_type":"text/plain","data":"AAAA""#,
        r#""mimeType":"text/plain","data":"AAAA","data":"""#,
    ] {
        assert!(read(&part(&format!(r#""inlineData":{{{twice}}}"#))).is_err());
    }
    assert_eq!(
        refused(&part(r#""inlineData":{"mimeType":1}"#)),
        Some("mimeType")
    );
}

#[test]
fn a_text_in_the_place_of_a_keyword_is_counted() {
    let hidden = "a text that is much longer than any keyword of a schema";
    for member in [
        format!(r#""behavior":"{hidden}""#),
        format!(r#""{hidden}":1"#),
        format!(r#""{hidden}":null"#),
        format!(r#""parameters":{{"type":"{hidden}"}}"#),
        format!(r#""parameters":{{"{hidden}":true}}"#),
        format!(r##""parameters":{{"$ref":"#/$defs/{hidden}"}}"##),
    ] {
        let body = with(&format!(
            r#""tools":[{{"functionDeclarations":[{{"name":"f",{member}}}]}}]"#
        ));
        assert!(texts(&body)[1].contains(hidden), "{member}");
    }
}

#[test]
fn how_closely_media_are_looked_at_is_told_for_all_or_for_a_part() {
    let detail = |config: &str, resolution: &str| {
        let image = r#""inlineData":{"mimeType":"image/png","data":"AAAA"}"#;
        let body = format!(
            r#"{{"contents":[{{"parts":[{{{image}{resolution}}}]}}],"generationConfig":{{{config}}}}}"#
        );
        read(&body).unwrap().input.media[0].detail
    };
    let low = r#""mediaResolution":"MEDIA_RESOLUTION_LOW""#;
    let ultra = r#","media_resolution":{"level":"MEDIA_RESOLUTION_ULTRA_HIGH"}"#;
    assert_eq!(detail("", ""), Detail::Auto);
    assert_eq!(detail(low, ""), Detail::Low);
    assert_eq!(detail(r#""media_resolution":3"#, ""), Detail::Original);
    assert_eq!(detail("", ultra), Detail::Original);
    assert_eq!(detail(low, ultra), Detail::Original);
    assert_eq!(
        detail(low, r#","mediaResolution":{"level":4}"#),
        Detail::Original
    );
    let lower = r#","mediaResolution":{"level":"MEDIA_RESOLUTION_LOW"}"#;
    assert_eq!(detail("", lower), Detail::Auto);
    assert_eq!(detail(low, lower), Detail::Low);
    let twice = with(&format!(r#""generationConfig":{{{low},{low}}}"#));
    assert_eq!(refused(&twice), Some("mediaResolution"));
}

#[test]
fn a_sound_or_a_film_has_no_bound_in_its_bytes() {
    let opaque = |mime: &str, data: &[u8]| {
        let data = BASE64_STANDARD.encode(data);
        let data = format!(r#""inlineData":{{"mimeType":"{mime}","data":"{data}"}}"#);
        let call = read(&part(&format!(r#"{data},"videoMetadata":{{"fps":24}}"#))).unwrap();
        assert_eq!(call.input.media.len(), 1);
        call.opaque
    };
    let wav = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\0\0\0\0";
    for mime in ["audio/wav", "audio/x-wav; rate=8000", "Audio/WAVE"] {
        assert_eq!(opaque(mime, wav), None, "{mime}");
    }
    for (mime, data) in [
        ("audio/mpeg", &wav[..]),
        ("audio/wav", b"ID3"),
        ("audio/ogg", b"OggS"),
        ("video/mp4", b"ftyp"),
        ("application/zip", b"PK\x03\x04"),
    ] {
        assert_eq!(opaque(mime, data), Some(Opaque::File), "{mime}");
    }
}

#[test]
fn signatures_of_thoughts_are_sealed() {
    let body = part(r#""text":"x","thoughtSignature":"QUJD","thought_signature":"QUI=""#);
    assert_eq!(read(&body).unwrap().input.sealed, 8);
    assert_eq!(texts(&body), ["x"]);
    let sealed = Input {
        sealed: 1000,
        ..Input::default()
    };
    let of = |model| Gemini.input_tokens(model, &sealed, 0).total();
    assert_eq!((of("gemini-2.0-flash"), of("gemini-2.5-pro")), (0, 0));
    assert_eq!(
        (of("gemini-3-flash-preview"), of("some-tuned-model")),
        (230, 230)
    );
}

#[test]
fn a_text_in_the_place_of_an_id_or_a_role_is_counted() {
    let long = "x".repeat(65);
    let of = |id: &str| {
        texts(&format!(
            r#"{{"contents":[{{"role":"{id}","parts":[{{"functionCall":{{"id":"{id}"}}}}]}}]}}"#
        ))
    };
    assert_eq!(of(&long), vec![long.as_str(); 2]);
    assert!(of(&"y".repeat(64)).is_empty());
}

#[test]
fn every_digit_is_a_token() {
    let extra = |text: &str| {
        read(&part(&format!(r#""text":"{text}""#)))
            .unwrap()
            .input
            .overhead
    };
    for (text, more) in [
        ("", 0),
        ("a1b", 0),
        ("12", 1),
        ("123", 2),
        ("2024-08-06", 2 + 1 + 1),
        ("1234567", 4),
    ] {
        assert_eq!(extra(text), more, "{text}");
    }
}

#[test]
fn declarations_are_counted_with_all_that_their_schemas_say() {
    for (declarations, parameters) in [
        ("functionDeclarations", "parameters"),
        ("function_declarations", "parameters_json_schema"),
        ("functionDeclarations", "parametersJsonSchema"),
    ] {
        let body = with(&format!(
            r#""tools":{{"{declarations}":{{"name":"f","description":"does","{parameters}":{{"type":"object","properties":{{"a":{{"type":"STRING","description":"A","enum":["x","y"]}},"b":{{"properties":{{"c":{{"any_of":[{{"format":"date"}}]}}}}}}}},"required":["a"]}},"response":{{"description":"r"}},"other":{{"k":1}}}}}}"#
        ));
        let call = read(&body).unwrap();
        let shape = call.input.tools;
        assert_eq!(
            (shape.functions, shape.with_properties, shape.properties),
            (1, 2, 3)
        );
        assert_eq!((shape.enums, shape.enum_items, shape.keywords), (1, 2, 6));
        assert_eq!(texts(&body)[1], r#"f does a A x y b c date a r {"k":1,}"#);
    }
}

#[test]
fn what_is_referred_to_is_counted_where_it_is() {
    let overhead = |refs: usize| {
        let refs = vec![r##"{"$ref":"#/$defs/D"}"##; refs].join(",");
        let body = with(&format!(
            r#""tools":[{{"functionDeclarations":[{{"name":"f","parametersJsonSchema":{{"anyOf":[{refs}],"$defs":{{"D":{{"properties":{{"a":{{"description":"abcdefghijkl"}}}}}}}}}}}}]}}]"#
        ));
        read(&body).unwrap().input.overhead
    };
    assert_eq!(overhead(0), 0);
    assert!(overhead(1) > 40);
    assert_eq!(overhead(1000), 1000 * overhead(1));
}

#[test]
fn a_schema_for_the_answer_is_counted_if_it_is_billed() {
    let of = |key: &str| {
        texts(&with(&format!(
            r#""generationConfig":{{"{key}":{{"properties":{{"city":{{}}}}}}}}"#
        )))
    };
    assert_eq!(of("responseSchema"), ["hi", "city"]);
    assert_eq!(of("response_schema"), ["hi", "city"]);
    assert_eq!(of("responseJsonSchema"), ["hi"]);
}

#[test]
fn a_huge_tool_is_counted_as_it_stands_and_a_large_one_in_linear_time() {
    let description = "x".repeat(2 << 20);
    let tools = |function: &str| {
        with(&format!(
            r#""tools":[{{"functionDeclarations":[{function}]}}]"#
        ))
    };
    let body = tools(&format!(r#"{{"name":"f","description":"{description}"}}"#));
    assert!(texts(&body).iter().any(|text| text.len() > 2 << 20));
    let definitions: Vec<String> = (0..16_000)
        .map(|at| format!(r##""{at:06}":{{"$ref":"#/$defs/{at:06}"}}"##))
        .collect();
    let body = tools(&format!(
        r#"{{"name":"f","parameters":{{"$defs":{{{}}}}}}}"#,
        definitions.join(",")
    ));
    assert!(read(&body).unwrap().input.overhead > 16_000);
}

#[test]
fn nothing_overflows() {
    let mut input = Input {
        messages: u64::MAX,
        names: u64::MAX,
        sealed: u64::MAX,
        overhead: u64::MAX,
        ..Input::default()
    };
    input.tools.functions = u64::MAX;
    input.tools.with_properties = u64::MAX;
    input.tools.keywords = u64::MAX;
    for model in ["gemini-2.0-flash", "gemini-2.5-pro", "gemini-3-pro"] {
        let counted = Gemini.input_tokens(model, &input, u64::MAX);
        assert_eq!(counted.total(), u64::MAX);
    }
}

#[test]
fn a_schema_too_large_for_a_tree_is_counted_as_it_stands() {
    let schema = format!(r#"{{"enum":[{}0]}}"#, "0,".repeat(1 << 20));
    let body = with(&format!(
        r#""generationConfig":{{"responseSchema":{schema}}}"#
    ));
    assert_eq!(texts(&body), ["hi", &schema]);
}
