import HTTPServer
import HTTPTypes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a request asks to have looked at: pictures and parameters, whichever way they are wrapped.
struct DetectRequest: Sendable {
  /// Encoded pictures in order, or what is wrong with one: that is not the others' fault.
  let pictures: [Result<[UInt8], Problem>]
  /// Whether the answer is a list, also where there is only one picture.
  let isList: Bool
  let parameters: DetectParameters

  /// How a body wraps its pictures, told by its Content-Type.
  enum Wrapping: Sendable {
    case picture
    case form(MediaType)
    case json

    /// What a body is, its bytes tell; so anything that may be a picture is looked into.
    init(_ fields: HTTPFields) throws(Problem) {
      guard let text = fields[.contentType], !text.isEmpty else {
        self = .picture
        return
      }
      guard let type = MediaType(text) else { throw .unsupportedType(text) }
      switch type.name {
      case "multipart/form-data": self = .form(type)
      case "application/json": self = .json
      // curl calls every body of --data-binary a form; people post pictures with it.
      case "application/octet-stream", "application/x-www-form-urlencoded": self = .picture
      case let name where name.hasPrefix("image/"): self = .picture
      default: throw .unsupportedType(text)
      }
    }
  }

  static let mostPictures = 64

  init(_ request: Request, _ wrapping: Wrapping) throws(Problem) {
    let query = request.query.map { (name: $0.name, value: JSONValue.text($0.value)) }
    switch wrapping {
    case .picture:
      try self.init([.success(request.body)], isList: false, parameters: query)
    case .form(let type):
      let (pictures, fields) = try DetectRequest.unwrap(form: request.body, type)
      try self.init(pictures, isList: pictures.count > 1, parameters: query + fields)
    case .json:
      let (pictures, isList, members) = try DetectRequest.unwrap(json: request.body)
      try self.init(pictures, isList: isList, parameters: query + members)
    }
  }

  private init(
    _ pictures: [Result<[UInt8], Problem>], isList: Bool,
    parameters: [(name: String, value: JSONValue)]
  ) throws(Problem) {
    guard !pictures.isEmpty else { throw .noPicture("There is no picture in the request.") }
    guard pictures.count <= DetectRequest.mostPictures else {
      throw .tooManyPictures(count: pictures.count, limit: DetectRequest.mostPictures)
    }
    self.pictures = pictures
    self.isList = isList
    do { self.parameters = try DetectParameters(parameters) } catch { throw Problem(error) }
  }

  // MARK: Forms

  /// Every file is a picture, and so is a field that is called like one; other fields are parameters.
  private static func unwrap(
    form body: [UInt8], _ type: MediaType
  ) throws(Problem) -> ([Result<[UInt8], Problem>], [(name: String, value: JSONValue)]) {
    let parts: [FormPart]
    do {
      var limits = MultipartLimits()
      limits.parts = mostPictures + DetectParameters.Name.allCases.count
      parts = try MultipartParser(contentType: type, limits: limits).parse(body)
    } catch { throw .badBody("The form cannot be read: \(error).") }
    var pictures: [Result<[UInt8], Problem>] = []
    var fields: [(name: String, value: JSONValue)] = []
    for part in parts {
      if part.fileName != nil || pictureNames.contains(part.name) {
        pictures.append(.success(Array(part.body)))
      } else if let text = String(validating: part.body, as: UTF8.self) {
        fields.append((part.name, .text(text)))
      } else {
        throw .badBody("The field '\(part.name)' is not UTF-8; give a picture a file name.")
      }
    }
    return (pictures, fields)
  }

  private static let pictureNames: Set<String> = ["image", "images", "file", "files"]

  // MARK: JSON

  private static func unwrap(
    json body: [UInt8]
  ) throws(Problem) -> ([Result<[UInt8], Problem>], isList: Bool, [(name: String, value: JSONValue)]) {
    var members: [String: JSONValue]
    do { members = try JSONDecoder().decode([String: JSONValue].self, from: Data(body)) } catch {
      throw .badBody("The body is not a JSON object of texts, numbers, true, false and lists.")
    }
    let one = members.removeValue(forKey: "image") ?? .null
    let several = members.removeValue(forKey: "images") ?? .null
    let parameters = members.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    switch (one, several) {
    case (.text(let text), .null): return ([picture(base64: text)], false, parameters)
    case (.null, .list(let texts)):
      let pictures = texts.map { value -> Result<[UInt8], Problem> in
        guard case .text(let text) = value else {
          return .failure(.badBody("An image is a text in base64, or a data URI."))
        }
        return picture(base64: text)
      }
      return (pictures, true, parameters)
    default:
      throw .noPicture(
        #"The body needs either "image", in base64 or as a data URI, or "images", a list of such."#)
    }
  }

  /// From base64 (RFC 4648, section 4, line ends allowed) or a data URI with it (RFC 2397).
  private static func picture(base64 text: String) -> Result<[UInt8], Problem> {
    var digits = text[...]
    if text.hasPrefix("data:") {
      guard let comma = text.firstIndex(of: ","), text[..<comma].hasSuffix(";base64") else {
        return .failure(.badBody("A data URI needs ';base64,' before the picture."))
      }
      digits = text[text.index(after: comma)...]
    }
    let lines = digits.utf8.contains { $0 == 0x0A || $0 == 0x0D }
    let joined = lines ? String(digits.filter { !$0.isNewline }) : String(digits)
    guard let data = Data(base64Encoded: joined) else {
      return .failure(.badBody("An image is not base64. Addresses are not fetched: send the picture itself."))
    }
    return .success([UInt8](data))
  }
}
