//! Common Media Client Data: what a server is told with each request, where the page wants it.
//!
//! Compiles natively too, so that it is held against the standard's own examples.
//! Left out of the standard's keys: what is not known when a request is made (`nor`, `nrr`: the
//! network decides what comes next; `rtp`), what has no meaning here (`tb`: layers of points add to
//! each other) and `v`, which is only for later versions.
//!
//! Source: CTA-5004, September 2020, <https://cta.tech/standards/cta-5004/>.

/// Longer ids are not allowed.
const ID_CHAR_COUNT_MAX: usize = 64;

/// The headers of the standard, and the keys that each carries.
const HEADERS: [(&str, &[&str]); 4] = [
    ("CMCD-Object", &["br", "d", "ot", "tb"]),
    ("CMCD-Request", &["bl", "dl", "mtp", "nor", "nrr", "su"]),
    ("CMCD-Session", &["cid", "pr", "sf", "sid", "st", "v"]),
    ("CMCD-Status", &["bs", "rtp"]),
];

/// What is requested, by the standard's letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ObjectType {
    /// Text that lists objects.
    #[default]
    Manifest = b'm',
    /// Pictures of a texture, as a video.
    Video = b'v',
    /// Points, meshes, images.
    Other = b'o',
}

/// What is known when a request is made; what is not, is left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Figures {
    /// What is requested.
    pub(crate) of_type: ObjectType,
    /// How long it plays.
    pub(crate) duration_secs: Option<f64>,
    /// Its size.
    pub(crate) bytes: u64,
    /// How long can be played from now on without it.
    pub(crate) buffered_secs: Option<f64>,
    /// Until it is needed.
    pub(crate) deadline_secs: Option<f64>,
    /// How fast bytes have come so far, a second.
    pub(crate) bytes_per_sec: Option<f64>,
    /// Speed of the clock; 0 stands.
    pub(crate) rate: Option<f64>,
    /// The picture had to wait since the last request.
    pub(crate) is_starved: bool,
    /// Nothing moves until it is here.
    pub(crate) is_urgent: bool,
    /// The pack still grows.
    pub(crate) is_live: Option<bool>,
    /// The pack's id.
    pub(crate) content: Option<String>,
}

/// A key and what it says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// By being there.
    Flag,
    Number(u32),
    /// Of hundredths.
    Decimal(i32),
    /// All that are used here are single letters.
    Token(u8),
    Text(String),
}

/// Keys with their values, in the order of the keys.
pub(crate) type Entries = Vec<(&'static str, Value)>;

impl Figures {
    /// The figures as the standard words them.
    ///
    /// - `session`: names the fan's visit.
    /// - `content`: names what is watched, in place of the pack's own id.
    pub(crate) fn entries(&self, session: &str, content: Option<&str>) -> Entries {
        let mut out = Entries::new();
        let mut put = |key, value: Option<Value>| out.extend(value.map(|value| (key, value)));
        let duration_secs = self.duration_secs.filter(|&secs| secs > 0.0);
        put("bl", millis(self.buffered_secs, 100.0));
        let kilobits = self.bytes as f64 * 8.0 / 1000.0;
        put("br", duration_secs.map(|secs| number(kilobits / secs, 1.0)));
        put("bs", flag(self.is_starved));
        put("cid", text(content.or(self.content.as_deref())));
        put("d", millis(duration_secs, 1.0));
        put("dl", millis(self.deadline_secs, 100.0));
        let kilobits_per_sec = self.bytes_per_sec.map(|rate| rate * 8.0 / 1000.0);
        put("mtp", kilobits_per_sec.map(|rate| number(rate, 100.0)));
        put("ot", Some(Value::Token(self.of_type as u8)));
        let rate = self.rate.filter(|&rate| rate != 1.0);
        put(
            "pr",
            rate.map(|rate| Value::Decimal((rate * 100.0).round() as i32)),
        );
        put("sf", Some(Value::Token(b'o')));
        put("sid", text(Some(session)));
        let stream_type = self
            .is_live
            .map(|is_live| if is_live { b'l' } else { b'v' });
        put("st", stream_type.map(Value::Token));
        put("su", flag(self.is_urgent));
        out
    }
}

/// Rounded to whole `steps`.
fn number(value: f64, step: f64) -> Value {
    Value::Number(((value / step).round() * step) as u32)
}

fn millis(secs: Option<f64>, step: f64) -> Option<Value> {
    secs.map(|secs| number(secs * 1000.0, step))
}

fn flag(is_set: bool) -> Option<Value> {
    is_set.then_some(Value::Flag)
}

/// Nothing, where the standard does not allow it.
fn text(text: Option<&str>) -> Option<Value> {
    let is_allowed = |text: &&str| {
        let is_printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        is_printable && (1..=ID_CHAR_COUNT_MAX).contains(&text.len())
    };
    let text = text.filter(is_allowed);
    text.map(|text| Value::Text(text.to_owned()))
}

/// Headers that say so.
pub(crate) fn headers(entries: &Entries) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (name, keys) in HEADERS {
        let value = written(entries, Some(keys));
        if !value.is_empty() {
            out.push((name.to_owned(), value));
        }
    }
    out
}

/// `url` with a query that says so.
pub(crate) fn with_query(url: &str, entries: &Entries) -> String {
    // Never by index: what panics within a text brings along 2 kB of wasm.
    let parts = url.split_once('#');
    let address = parts.map_or(url, |(address, _)| address);
    let mut out = address.to_owned();
    out.push(if address.contains('?') { '&' } else { '?' });
    out.push_str("CMCD=");
    for byte in written(entries, None).bytes() {
        // As `encodeURIComponent` of what is allowed in here.
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(digit(u32::from(byte >> 4)));
            out.push(digit(u32::from(byte & 15)));
        }
    }
    if let Some((_, fragment)) = parts {
        out.push('#');
        out.push_str(fragment);
    }
    out
}

/// The entries, or those with certain keys.
fn written(entries: &Entries, keys: Option<&[&str]>) -> String {
    let mut out = String::new();
    for (key, value) in entries {
        if keys.is_some_and(|keys| !keys.contains(key)) {
            continue;
        }
        if !out.is_empty() {
            out.push(',');
        }
        out.push_str(key);
        if *value != Value::Flag {
            out.push('=');
        }
        match value {
            Value::Flag => {}
            Value::Number(number) => out.push_str(&number.to_string()),
            Value::Decimal(hundredths) => push_decimal(&mut out, *hundredths),
            Value::Token(letter) => out.push(char::from(*letter)),
            Value::Text(text) => push_quoted(&mut out, text),
        }
    }
    out
}

fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
}

/// Without the standard library's decimals, which are 10 kB of wasm.
fn push_decimal(out: &mut String, hundredths: i32) {
    if hundredths < 0 {
        out.push('-');
    }
    let size = hundredths.unsigned_abs();
    out.push_str(&(size / 100).to_string());
    let (tenths, hundredths) = (size / 10 % 10, size % 10);
    if tenths + hundredths > 0 {
        out.push('.');
        out.push(digit(tenths));
    }
    if hundredths > 0 {
        out.push(digit(hundredths));
    }
}

/// Of 0 to 15.
fn digit(value: u32) -> char {
    char::from_digit(value, 16).map_or('0', |digit| digit.to_ascii_uppercase())
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    //! Goal: a server that knows the standard understands us.
    //! Method: the standard's examples (section 6), word for word; figures against its roundings.

    use super::*;
    use Value::{Decimal, Flag, Number, Text, Token};

    const SESSION: &str = "6e2fb550-c457-11e9-bb97-0800200c9a66";

    fn session() -> (&'static str, Value) {
        ("sid", Text(SESSION.to_owned()))
    }

    fn check(entries: &Entries, query: &str, wanted: &[(&str, &str)]) {
        assert_eq!(with_query("a", entries), format!("a?CMCD={query}"));
        let wanted: Vec<_> = wanted
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        assert_eq!(headers(entries), wanted);
    }

    #[test]
    fn the_short_examples_of_the_standard() {
        let sid = format!("sid=\"{SESSION}\"");
        let sid_query = format!("sid%3D%22{SESSION}%22");
        check(&vec![session()], &sid_query, &[("CMCD-Session", &sid)]);
        check(
            &vec![("bs", Flag), ("rtp", Number(15000)), session()],
            &format!("bs%2Crtp%3D15000%2C{sid_query}"),
            &[("CMCD-Session", &sid), ("CMCD-Status", "bs,rtp=15000")],
        );
        check(
            &vec![("bs", Flag), ("su", Flag)],
            "bs%2Csu",
            &[("CMCD-Request", "su"), ("CMCD-Status", "bs")],
        );
        let next = "..%2F300kbps%2Fsegment35.m4v";
        check(
            &vec![("nor", Text(next.to_owned())), session()],
            &format!("nor%3D%22..%252F300kbps%252Fsegment35.m4v%22%2C{sid_query}"),
            &[
                ("CMCD-Request", &format!("nor=\"{next}\"")),
                ("CMCD-Session", &sid),
            ],
        );
    }

    #[test]
    fn the_long_example_of_the_standard() {
        let content = "faec5fc2-ac30-11ea-bb37-0242ac130002";
        let entries = vec![
            ("bl", Number(21300)),
            ("br", Number(3200)),
            ("bs", Flag),
            ("cid", Text(content.to_owned())),
            ("d", Number(4004)),
            ("dl", Number(18500)),
            ("mtp", Number(48100)),
            ("nor", Text("..%2F300kbps%2Ftrack.m4v".to_owned())),
            ("nrr", Text("12323-48763".to_owned())),
            ("ot", Token(b'v')),
            ("pr", Decimal(108)),
            ("rtp", Number(12000)),
            ("sf", Token(b'd')),
            session(),
            ("st", Token(b'v')),
            ("su", Flag),
            ("tb", Number(6000)),
        ];
        check(
            &entries,
            &format!(
                "bl%3D21300%2Cbr%3D3200%2Cbs%2Ccid%3D%22{content}%22%2Cd%3D4004%2Cdl%3D18500%2C\
                 mtp%3D48100%2Cnor%3D%22..%252F300kbps%252Ftrack.m4v%22%2Cnrr%3D%2212323-48763%22\
                 %2Cot%3Dv%2Cpr%3D1.08%2Crtp%3D12000%2Csf%3Dd%2Csid%3D%22{SESSION}%22%2Cst%3Dv\
                 %2Csu%2Ctb%3D6000"
            ),
            &[
                ("CMCD-Object", "br=3200,d=4004,ot=v,tb=6000"),
                (
                    "CMCD-Request",
                    "bl=21300,dl=18500,mtp=48100,nor=\"..%2F300kbps%2Ftrack.m4v\",\
                     nrr=\"12323-48763\",su",
                ),
                (
                    "CMCD-Session",
                    &format!("cid=\"{content}\",pr=1.08,sf=d,sid=\"{SESSION}\",st=v"),
                ),
                ("CMCD-Status", "bs,rtp=12000"),
            ],
        );
    }

    #[test]
    fn figures_are_rounded_and_put_in_order() {
        let figures = Figures {
            of_type: ObjectType::Video,
            duration_secs: Some(0.96),
            bytes: 123_456,
            buffered_secs: Some(21.349),
            deadline_secs: Some(18.45),
            bytes_per_sec: Some(3_179_000.0),
            rate: Some(-0.55),
            is_starved: true,
            is_urgent: true,
            is_live: Some(true),
            content: Some("goal".to_owned()),
        };
        assert_eq!(
            written(&figures.entries(SESSION, None), None),
            format!(
                "bl=21300,br=1029,bs,cid=\"goal\",d=960,dl=18500,mtp=25400,ot=v,pr=-0.55,sf=o,\
                 sid=\"{SESSION}\",st=l,su"
            ),
        );
        let entries = figures.entries(SESSION, Some("match"));
        let keys: Vec<_> = entries.iter().map(|(key, _)| *key).collect();
        assert!(keys.is_sorted());
        assert!(entries.contains(&("cid", Text("match".to_owned()))));
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let entries = Figures::default().entries("", None);
        assert_eq!(entries, [("ot", Token(b'm')), ("sf", Token(b'o'))]);
        let usual = Figures {
            of_type: ObjectType::Other,
            rate: Some(1.0),
            is_live: Some(false),
            ..Figures::default()
        };
        let entries = usual.entries(&"x".repeat(65), Some("täg"));
        let wanted = [
            ("ot", Token(b'o')),
            ("sf", Token(b'o')),
            ("st", Token(b'v')),
        ];
        assert_eq!(entries, wanted);
    }

    #[test]
    fn texts_and_decimals_are_written_as_they_should_be() {
        let quoted = vec![("cid", Text(r#"a "b" \c"#.to_owned()))];
        assert_eq!(written(&quoted, None), r#"cid="a \"b\" \\c""#);
        for (hundredths, text) in [
            (0, "0"),
            (5, "0.05"),
            (50, "0.5"),
            (108, "1.08"),
            (200, "2"),
            (-150, "-1.5"),
        ] {
            assert_eq!(
                written(&vec![("pr", Decimal(hundredths))], None),
                format!("pr={text}")
            );
        }
    }

    #[test]
    fn an_address_keeps_what_it_has() {
        let entries = vec![("su", Flag)];
        for (url, wanted) in [
            ("https://a/b", "https://a/b?CMCD=su"),
            ("https://a/b?token=1", "https://a/b?token=1&CMCD=su"),
            ("https://a/b#c?d", "https://a/b?CMCD=su#c?d"),
        ] {
            assert_eq!(with_query(url, &entries), wanted);
        }
    }
}
