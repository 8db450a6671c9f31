import FuzzSupport
import HTTPServer
import HTTPTypes

/// Checks the properties of the multipart parser: parts are slices of the body, in order and within the limits; a form
/// written from the parts parses to the same parts.
func fuzzForm(_ bytes: [UInt8]) {
  // The first line is the Content-Type; the rest is the body.
  guard let end = bytes.firstIndex(of: 0x0A),
    let contentType = MediaType(String(decoding: bytes[..<end], as: UTF8.self))
  else { return }
  var limits = MultipartLimits()
  limits.parts = 5
  limits.fields = 300
  guard let parser = try? MultipartParser(contentType: contentType, limits: limits),
    let parts = try? parser.parse(Array(bytes[(end + 1)...]))
  else { return }
  require(parts.count <= limits.parts, "parts within the limit")
  var position = 0
  for part in parts {
    require(part.body.startIndex >= position, "parts in order")
    position = part.body.endIndex
  }
  let boundary = contentType["boundary"] ?? ""
  var written: [UInt8] = []
  for part in parts {
    // Names are not compared: how they were quoted is lost.
    written +=
      "--\(boundary)\r\nContent-Disposition: form-data; name=x\r\n\r\n".utf8 + part.body + "\r\n".utf8
  }
  written += "--\(boundary)--".utf8
  let again = (try? parser.parse(written)) ?? []
  require(again.map { Array($0.body) } == parts.map { Array($0.body) }, "the same once written again")
}
