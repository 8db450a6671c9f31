import Testing

/// One case of RFC 9112 or RFC 9110: the bytes, and what has to come of them.
struct ConformanceCase: Sendable, CustomTestStringConvertible {
  let section: String
  let what: String
  let bytes: String
  var requests: [String] = []
  var rejection: Int?

  var testDescription: String { "\(section): \(what)" }

  static func good(_ section: String, _ what: String, _ bytes: String, _ requests: String...) -> Self {
    .init(section: section, what: what, bytes: bytes, requests: requests)
  }

  static func bad(_ section: String, _ what: String, _ bytes: String, _ status: Int = 400) -> Self {
    .init(section: section, what: what, bytes: bytes, rejection: status)
  }
}

func get(_ fields: String, target: String = "/", version: String = "HTTP/1.1") -> String {
  "GET \(target) \(version)\r\n\(fields)\r\n"
}

func post(_ fields: String, _ body: String) -> String {
  "POST /d HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\(body)"
}

func chunked(_ body: String) -> String { post("Transfer-Encoding: chunked\r\n", body) }

let host = "Host: a\r\n"

let conformanceCases: [ConformanceCase] = [
  // RFC 9112, 2.2 and 3: request line
  .good("2.2", "an empty line before a request", "\r\n" + get(host), "GET / "),
  .good("3", "a plain request", get(host), "GET / "),
  .good(
    "9.3.2", "two requests in one piece, in order", get(host) + get(host, target: "/b"), "GET / ", "GET /b "),
  .good("2.3", "HTTP/1.0 without Host", get("", version: "HTTP/1.0"), "GET / "),
  .good(
    "2.2", "an empty line after a body", post("Content-Length: 2\r\n", "hi\r\n") + get(host), "POST /d hi",
    "GET / "),
  .good("9.1", "a method of another protocol's", "BREW / HTTP/1.1\r\n\(host)\r\n", "BREW / "),
  .good("3.1", "a method in small letters is another method", "get / HTTP/1.1\r\n\(host)\r\n", "get / "),
  .bad("2.2", "two empty lines before a request", "\r\n\r\n" + get(host)),
  .bad("2.2", "a line feed before a request", "\n" + get(host)),
  .bad("2.2", "a carriage return before a request", "\r" + get(host)),
  .bad("2.2", "white space before a request", " " + get(host)),
  .bad("2.2", "the first bytes of TLS", "\u{16}\u{03}\u{01}"),
  .bad("2.2", "line feeds alone", "GET / HTTP/1.1\nHost: a\n\n\r\n\r\n"),
  .bad("2.2", "a carriage return within a line", "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n"),
  .bad("2.2", "a carriage return before the line feed's", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"),
  .bad("3", "two spaces after the method", "GET  / HTTP/1.1\r\n\(host)\r\n"),
  .bad("3", "a space in the target", "GET /a b HTTP/1.1\r\n\(host)\r\n"),
  .bad("3", "a space after the version", "GET / HTTP/1.1 \r\n\(host)\r\n"),
  .bad("3", "a tab instead of a space", "GET\t/ HTTP/1.1\r\n\(host)\r\n"),
  .bad("3", "no version", "GET /\r\n\(host)\r\n"),
  .bad("3", "no target", "GET HTTP/1.1\r\n\(host)\r\n"),
  .bad("3.1", "a method that is no token", "G(T / HTTP/1.1\r\n\(host)\r\n"),
  .bad("3.1", "an empty method", " / HTTP/1.1\r\n\(host)\r\n"),
  .bad("2.3", "HTTP/2.0 in clear", get(host, version: "HTTP/2.0"), 505),
  .bad("2.3", "HTTP/1.2", get(host, version: "HTTP/1.2"), 505),
  .bad("2.3", "a version in small letters", get(host, version: "http/1.1")),
  .bad("2.3", "a version with two digits", get(host, version: "HTTP/1.10")),
  .bad("2.3", "something else than HTTP", get(host, version: "ICAP/1.0")),
  // 3.2: target
  .good("3.2.1", "percent-encoded octets, decoded once", get(host, target: "/a%2520b"), "GET /a%20b "),
  .good("3.2.1", "UTF-8 in a path", get(host, target: "/%C3%A9"), "GET /é "),
  .good("3.2.2", "the absolute form", get(host, target: "http://x/y?z=1"), "GET /y "),
  .good("3.2.2", "the absolute form without a path", get(host, target: "http://x"), "GET / "),
  .good("3.2.4", "the asterisk form", "OPTIONS * HTTP/1.1\r\n\(host)\r\n", "OPTIONS * "),
  .good(
    "3.2.2", "the absolute form with a query and no path", get(host, target: "HTTP://x:80?z=1"), "GET / "),
  .good("3.2.3", "the authority form", "CONNECT x:443 HTTP/1.1\r\n\(host)\r\n", "CONNECT x:443 "),
  .good("3.2.1", "an empty query", get(host, target: "/a?"), "GET /a "),
  .good("3.2.1", "a question mark in a query", get(host, target: "/a?b?c"), "GET /a "),
  .bad("3.2.3", "a path with CONNECT", "CONNECT /x HTTP/1.1\r\n\(host)\r\n"),
  .bad("3.2.4", "an asterisk with GET", get(host, target: "*")),
  .bad("3.2.2", "user information in the absolute form", get(host, target: "http://me@x/")),
  .bad("3.2", "an address without its slashes", get(host, target: "http:x/y")),
  .bad("3.2", "an authority with GET", get(host, target: "x:443")),
  .bad("3.2", "a fragment", get(host, target: "/a#b")),
  .bad("3.2", "an octet above 127", get(host, target: "/é")),
  .bad("3.2", "a control character", get(host, target: "/\u{1}")),
  .bad("3.2", "a delete character", get(host, target: "/\u{7f}")),
  .bad("3.2", "a relative path", get(host, target: "a/b")),
  .bad("3.2", "another scheme", get(host, target: "ftp://x/y")),
  .bad("3.2.2", "an absolute form without a host", get(host, target: "http:///y")),
  .bad("3.2.1", "a percent sign without digits", get(host, target: "/%zz")),
  .bad("3.2.1", "a percent sign at the end", get(host, target: "/a%2")),
  .bad("3.2.1", "an encoded slash", get(host, target: "/v1%2Fmodels")),
  .bad("3.2.1", "an encoded letter", get(host, target: "/%6Detrics")),
  .bad("3.2.1", "an encoded dot", get(host, target: "/a/%2E%2e/b")),
  .good(
    "3.2.1", "encoded unreserved characters and slashes in a query", get(host, target: "/a?b=%6D%2F"),
    "GET /a "),
  .bad("3.2.1", "an encoded NUL", get(host, target: "/a%00")),
  .bad("3.2.1", "octets that are not UTF-8", get(host, target: "/%ff%fe")),
  .bad("3.2", "a query with a broken percent sign", get(host, target: "/?a=%4")),
  // 3.2, Host
  .bad("3.2", "no Host", get("")),
  .bad("3.2", "Host twice", get(host + host)),
  .bad("3.2", "Host twice, in other letters", get(host + "HOST: b\r\n")),
  .bad("3.2", "Host twice in HTTP/1.0", get(host + host, version: "HTTP/1.0")),
  .bad("3.2", "Host as a list", get("Host: a, b\r\n")),
  .bad("3.2", "Host with a path", get("Host: a/b\r\n")),
  .bad("3.2", "Host with user information", get("Host: me@a\r\n")),
  .bad("3.2", "Host with a port that is no number", get("Host: a:b\r\n")),
  .bad("3.2", "Host with an open bracket", get("Host: [::1\r\n")),
  .bad("3.2", "Host with something behind the bracket", get("Host: [::1]a\r\n")),
  .bad("3.2", "Host with an octet above 127", get("Host: \u{e9}\r\n")),
  .good("3.2", "an empty Host", get("Host:\r\n"), "GET / "),
  .good("3.2", "Host with a port", get("Host: example.org:8080\r\n"), "GET / "),
  .good("3.2", "Host as an IPv6 address", get("Host: [2001:db8::1]:80\r\n"), "GET / "),
  // 5: fields
  .good("5.1", "white space around a value", get("Host: \t a \t\r\n"), "GET / "),
  .good("5.1", "no white space before a value", get("Host:a\r\n"), "GET / "),
  .good("5.1", "an empty value", get(host + "X:\r\n"), "GET / "),
  .good("5.5", "octets above 127 in a value", get(host + "X: é\r\n"), "GET / "),
  .bad("5.1", "white space before the colon", get(host + "X : 1\r\n")),
  .bad("5.1", "a tab before the colon", get(host + "X\t: 1\r\n")),
  .bad("5.1", "a name that is no token", get(host + "X@Y: 1\r\n")),
  .bad("5.1", "an empty name", get(host + ": 1\r\n")),
  .bad("5.1", "no colon", get(host + "X\r\n")),
  .bad("5.2", "a folded field", get(host + "X: 1\r\n 2\r\n")),
  .bad("5.2", "a folded first field", get(" X: 1\r\n" + host)),
  .bad("5.5", "NUL in a value", get(host + "X: a\0b\r\n")),
  .bad("5.5", "a control character in a value", get(host + "X: a\u{2}b\r\n")),
  .bad("5.5", "a delete character in a value", get(host + "X: a\u{7f}b\r\n")),
  // 6: bodies by length
  .good("6.2", "a body of known length", post("Content-Length: 5\r\n", "hello"), "POST /d hello"),
  .good("6.2", "an empty body", post("Content-Length: 0\r\n", ""), "POST /d "),
  .good("6.3", "no length means no body", post("", ""), "POST /d "),
  .good(
    "6.3", "what follows a body is the next request", post("Content-Length: 2\r\n", "hi") + get(host),
    "POST /d hi",
    "GET / "),
  .good("6.2", "leading zeros", post("Content-Length: 002\r\n", "hi"), "POST /d hi"),
  .bad("6.3", "lengths that differ", post("Content-Length: 2\r\nContent-Length: 3\r\n", "hi")),
  .bad("6.3", "the same length twice", post("Content-Length: 2\r\nContent-Length: 2\r\n", "hi")),
  .bad("6.3", "a list of lengths", post("Content-Length: 2, 2\r\n", "hi")),
  .bad(
    "6.3", "lengths that differ, in other letters", post("Content-Length: 2\r\nCONTENT-LENGTH: 3\r\n", "hi")),
  .bad("6.2", "a length in other digits", post("Content-Length: \u{0662}\r\n", "hi")),
  .bad("6.2", "a negative length", post("Content-Length: -2\r\n", "hi")),
  .bad("6.2", "a length with a plus", post("Content-Length: +2\r\n", "hi")),
  .bad("6.2", "a hexadecimal length", post("Content-Length: 0x2\r\n", "hi")),
  .bad("6.2", "a length with a point", post("Content-Length: 2.0\r\n", "hi")),
  .bad("6.2", "an empty length", post("Content-Length:\r\n", "hi")),
  .bad("6.2", "a length with a space in it", post("Content-Length: 1 2\r\n", "hi")),
  .bad("6.2", "a length beyond all numbers", post("Content-Length: 99999999999999999999\r\n", "hi")),
  .bad("6.2", "a length above the limit", post("Content-Length: 99999999\r\n", ""), 413),
  // 6.1 and 7.1: chunks
  .good("7.1", "a chunk", chunked("5\r\nhello\r\n0\r\n\r\n"), "POST /d hello"),
  .good("7.1", "several chunks", chunked("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"), "POST /d hello"),
  .good(
    "7.1", "sizes in capitals and small letters", chunked("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"),
    "POST /d 01234567890123456789"),
  .good("7.1", "leading zeros", chunked("0005\r\nhello\r\n000\r\n\r\n"), "POST /d hello"),
  .good("7.1.1", "extensions", chunked("5;a=b;c=\"d\"\r\nhello\r\n0;x\r\n\r\n"), "POST /d hello"),
  .good("7.1.2", "trailers", chunked("5\r\nhello\r\n0\r\nX: 1\r\nY: 2\r\n\r\n"), "POST /d hello"),
  .bad(
    "6.1", "a transfer coding with a Kelvin sign, which lowercases to a k",
    post("Transfer-Encoding: chun\u{212A}ed\r\n", "0\r\n\r\n")),
  .bad(
    "10.1.1", "an expectation in another alphabet's letters",
    post("Expect: 100-\u{FF43}ontinue\r\nContent-Length: 1\r\n", "x"), 417),
  .good("7.1", "no data at all", chunked("0\r\n\r\n"), "POST /d "),
  .good(
    "7", "the coding's name in other letters", post("Transfer-Encoding: Chunked\r\n", "0\r\n\r\n"), "POST /d "
  ),
  .good(
    "7.1", "what follows the last chunk is the next request", chunked("1\r\nx\r\n0\r\n\r\n") + get(host),
    "POST /d x", "GET / "),
  .bad(
    "6.1", "a length beside chunks", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
  .bad(
    "6.1", "chunks beside a length", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")),
  .bad("6.1", "chunked and identity", post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")),
  .bad("6.1", "chunked with a parameter", post("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n")),
  .bad("6.1", "chunked in quotes", post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n")),
  .bad(
    "6.1", "a space before the colon of Transfer-Encoding",
    post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n")),
  .bad("6.1", "another coding", post("Transfer-Encoding: gzip\r\n", "")),
  .bad("6.1", "chunked with another coding", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")),
  .bad(
    "6.1", "chunked twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
  .bad("6.1", "identity", post("Transfer-Encoding: identity\r\n", "")),
  .bad("6.1", "an empty coding", post("Transfer-Encoding:\r\n", "")),
  .bad("6.1", "a vertical tab before chunked", post("Transfer-Encoding: \u{b}chunked\r\n", "0\r\n\r\n")),
  .bad(
    "6.1", "chunks in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
  .bad("7.1", "a size that is no number", chunked("x\r\n")),
  .bad("7.1", "no size", chunked("\r\n")),
  .bad("7.1", "a size with a sign", chunked("+5\r\nhello\r\n0\r\n\r\n")),
  .bad("7.1", "a size with 0x", chunked("0x5\r\nhello\r\n0\r\n\r\n")),
  .bad("7.1", "a space before a size", chunked(" 5\r\nhello\r\n0\r\n\r\n")),
  .bad("7.1", "a space after a size", chunked("5 \r\nhello\r\n0\r\n\r\n")),
  .bad("7.1", "a size beyond all numbers", chunked("ffffffffffffffff\r\n")),
  .bad("7.1", "a size above the limit", chunked("fffffff\r\n"), 413),
  .bad("7.1", "a size ended by a line feed alone", chunked("5\nhello\r\n0\r\n\r\n")),
  .bad("7.1", "a chunk longer than its size", chunked("4\r\nhello\r\n0\r\n\r\n")),
  .bad("7.1", "a chunk ended by a line feed alone", chunked("5\r\nhello\n0\r\n\r\n")),
  .bad("7.1.1", "a line feed in an extension", chunked("5;a\nb\r\nhello\r\n0\r\n\r\n")),
  .bad("7.1.2", "a line feed alone in the trailers", chunked("0\r\nX: 1\n\r\n")),
  .bad("7.1.2", "a trailer without a colon", chunked("0\r\nX\r\n\r\n")),
  .bad("7.1.2", "a folded trailer", chunked("0\r\nX: 1\r\n 2\r\n\r\n")),
  .bad("7.1.2", "white space before a trailer's colon", chunked("0\r\nX : 1\r\n\r\n")),
  .bad(
    "7.1.1", "extensions that outgrow the data",
    chunked("1;" + String(repeating: "x", count: 20_000) + "\r\n")),
  .bad("7.1.1", "a tab before an extension", chunked("1\t;x\r\n")),
  .bad("7.1", "a carriage return alone after a size", chunked("1\rx\r\n0\r\n\r\n")),
  .bad("7.1", "a negative size", chunked("-1\r\nx\r\n0\r\n\r\n")),
  .bad("7.1.2", "a control character in the trailers", chunked("0\r\nX\u{1}\r\n\r\n")),
  // RFC 9110, 10.1.1
  .bad("9110 10.1.1", "another expectation", post("Expect: 200-maybe\r\nContent-Length: 2\r\n", "hi"), 417),
  .good(
    "9110 10.1.1", "100-continue", post("Expect: 100-continue\r\nContent-Length: 2\r\n", "hi"), "POST /d hi"),
]
