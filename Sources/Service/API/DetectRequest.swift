import HTTPServer
import HTTPTypes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A decoded request for detection: images and parameters.
struct DetectRequest: Sendable {
  typealias Parameter = (name: String, value: JSONValue)

  /// Images in order, or the problem of one that could not be extracted.
  let images: [Result<ImageInput, Problem>]
  /// Whether the response is a list. A JSON list of one image has one, too.
  let isList: Bool
  let parameters: DetectParameters

  static let maxImages = 64

  init(_ request: Request, _ format: BodyFormat) throws(Problem) {
    let query = request.query.map { (name: $0.name, value: JSONValue.string($0.value)) }
    switch format {
    case .image:
      try self.init([.success(.encoded(request.body))], isList: false, parameters: query)
    case .form(let type):
      let (images, fields) = try DetectRequest.parse(form: request.body, type)
      try self.init(images, isList: images.count > 1, parameters: query + fields)
    case .json:
      let (images, isList, members) = try DetectRequest.parse(json: request.body)
      try self.init(images, isList: isList, parameters: query + members)
    }
  }

  private init(
    _ images: [Result<ImageInput, Problem>], isList: Bool, parameters: [Parameter]
  ) throws(Problem) {
    guard !images.isEmpty else { throw .noImage("The request has no image.") }
    guard images.count <= DetectRequest.maxImages else {
      throw .tooManyImages(count: images.count, limit: DetectRequest.maxImages)
    }
    self.images = images
    self.isList = isList
    do { self.parameters = try DetectParameters(parameters) } catch { throw Problem(error) }
  }

  // MARK: Forms

  /// Fields of these names are images even without a file name. All other parts without one are parameters.
  private static let imageFieldNames: Set<String> = ["image", "images", "file", "files"]

  private static func parse(
    form body: [UInt8], _ type: MediaType
  ) throws(Problem) -> ([Result<ImageInput, Problem>], [Parameter]) {
    let parts: [FormPart]
    do {
      var limits = MultipartLimits()
      limits.parts = maxImages + DetectParameters.Name.allCases.count
      parts = try MultipartParser(contentType: type, limits: limits).parse(body)
    } catch { throw .invalidBody("The form cannot be parsed: \(error).") }
    var images: [Result<ImageInput, Problem>] = []
    var fields: [Parameter] = []
    for part in parts {
      if part.fileName != nil || imageFieldNames.contains(part.name) {
        images.append(.success(.encoded(Array(part.body))))
      } else if let text = String(validating: part.body, as: UTF8.self) {
        fields.append((part.name, .string(text)))
      } else {
        throw .invalidBody("The field '\(part.name)' is not UTF-8. If it is an image, give it a file name.")
      }
    }
    return (images, fields)
  }

  // MARK: JSON

  private static func parse(
    json body: [UInt8]
  ) throws(Problem) -> ([Result<ImageInput, Problem>], isList: Bool, [Parameter]) {
    var members: [String: JSONValue]
    do { members = try JSONDecoder().decode([String: JSONValue].self, from: Data(body)) } catch {
      throw .invalidBody("The body is not a JSON object of strings, numbers, Booleans and arrays.")
    }
    let single = members.removeValue(forKey: "image") ?? .null
    let several = members.removeValue(forKey: "images") ?? .null
    let parameters = members.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    switch (single, several) {
    case (.string(let text), .null): return ([image(base64: text)], false, parameters)
    case (.null, .array(let values)):
      let images = values.map { value -> Result<ImageInput, Problem> in
        guard case .string(let text) = value else {
          return .failure(.invalidBody("An image must be a base64 string or a data URI."))
        }
        return image(base64: text)
      }
      return (images, true, parameters)
    default:
      throw .noImage(
        #"The body needs either "image", a base64 string or a data URI, or "images", an array of these."#)
    }
  }

  /// From base64 (RFC 4648, section 4, with line breaks allowed) or a base64 data URI (RFC 2397).
  private static func image(base64 text: String) -> Result<ImageInput, Problem> {
    var digits = text[...]
    if text.hasPrefix("data:") {
      guard let comma = text.firstIndex(of: ","), text[..<comma].hasSuffix(";base64") else {
        return .failure(.invalidBody("A data URI needs ';base64,' before the image."))
      }
      digits = text[text.index(after: comma)...]
    }
    let hasLines = digits.utf8.contains { $0 == 0x0A || $0 == 0x0D }
    let joined = hasLines ? String(digits.filter { !$0.isNewline }) : String(digits)
    guard let data = Data(base64Encoded: joined) else {
      return .failure(.invalidBody("An image is not base64. URLs are not fetched; send the image itself."))
    }
    return .success(.encoded([UInt8](data)))
  }
}
