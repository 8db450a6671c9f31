import HTTPServer
import HTTPTypes

/// A DeepStack request: a form with an image file and fields. Unknown fields are ignored, because cameras send many.
struct DeepStackForm: Sendable {
  /// Encoded; `nil` if there is none.
  let image: [UInt8]?
  private let fields: [String: String]

  init(_ request: Request) throws(Problem) {
    var fields: [String: String] = [:]
    guard !request.body.isEmpty, let type = request.fields[.contentType].flatMap(MediaType.init) else {
      (image, self.fields) = (nil, [:])
      return
    }
    guard type.name == "multipart/form-data" else {
      // Python's requests encodes fields this way if there is no file.
      if type.name == "application/x-www-form-urlencoded" {
        let parameters: [RequestTarget.Parameter]
        do { parameters = try RequestTarget.parameters(request.body[...]) } catch { throw Problem(error) }
        for parameter in parameters { fields[parameter.name] = parameter.value }
      }
      (image, self.fields) = (nil, fields)
      return
    }
    let parts: [FormPart]
    do { parts = try MultipartParser(contentType: type).parse(request.body) } catch {
      throw .invalidBody("The form cannot be parsed: \(error).")
    }
    for part in parts where part.fileName == nil {
      fields[part.name] = String(validating: part.body, as: UTF8.self)
    }
    let files = parts.filter { $0.fileName != nil || $0.name == "image" }
    image = (files.first { $0.name == "image" } ?? files.first).map { Array($0.body) }
    self.fields = fields
  }

  var key: String? { fields["api_key"] }

  /// The score threshold; DeepStack's default is 0.4 (server.go, detection).
  var minimumConfidence: Float {
    get throws(Problem) {
      guard let text = fields["min_confidence"], !text.isEmpty else { return 0.4 }
      guard let value = Float(text), (0...1).contains(value) else {
        throw .invalidBody("min_confidence is '\(text.prefix(60))'; expected a number from 0 to 1.")
      }
      return value
    }
  }
}
