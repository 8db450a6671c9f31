import FoundationCompatibility
import HTTPServer
import HTTPTypes

/// A decoded request for detection: images and parameters.
struct DetectRequest: Sendable {
  typealias Parameter = (name: String, value: JSONValue)

  /// Images in order, or the problem of one that could not be extracted.
  let images: [Result<ImageInput, Problem>]
  /// Whether the response is a list. A JSON list of one image has one, too.
  let isList: Bool
  let parameters: DetectParameters

  static let maxImages = 64

  /// - Parameter excluded: parameters that the API has no use for.
  init(
    _ request: Request, _ format: BodyFormat, without excluded: Set<DetectParameters.Name> = []
  ) throws(Problem) {
    let query = request.query.map { (name: $0.name, value: JSONValue.string($0.value)) }
    switch format {
    case .image:
      try self.init([.success(.encoded(request.body))], isList: false, parameters: query, without: excluded)
    case .form(let type):
      let (images, fields) = try DetectRequest.parse(form: request.body, type)
      try self.init(images, isList: images.count > 1, parameters: query + fields, without: excluded)
    case .json:
      let (images, isList, members) = try DetectRequest.parse(json: request.body)
      try self.init(images, isList: isList, parameters: query + members, without: excluded)
    }
  }

  private init(
    _ images: [Result<ImageInput, Problem>], isList: Bool, parameters: [Parameter],
    without excluded: Set<DetectParameters.Name>
  ) throws(Problem) {
    guard !images.isEmpty else { throw .noImage("The request has no image.") }
    guard images.count <= DetectRequest.maxImages else {
      throw .tooManyImages(count: images.count, limit: DetectRequest.maxImages)
    }
    self.images = images
    self.isList = isList
    do { self.parameters = try DetectParameters(parameters, without: excluded) } catch {
      throw Problem(error)
    }
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
      if part.isEmptyInput { continue }
      if part.fileName != nil || imageFieldNames.contains(part.name) {
        images.append(.success(.encoded(Array(part.body))))
      } else if let text = String(validating: part.body, as: UTF8.self) {
        fields.append((part.name, .string(text)))
      } else {
        throw .invalidBody(
          "The field '\(part.name.excerpt)' is not UTF-8. If it is an image, give it a file name.")
      }
    }
    return (images, fields)
  }

  // MARK: JSON

  private static func parse(
    json body: [UInt8]
  ) throws(Problem) -> ([Result<ImageInput, Problem>], isList: Bool, [Parameter]) {
    var single: Result<ImageInput, Problem>?
    var list: [Result<ImageInput, Problem>]?
    var parameters: [Parameter] = []
    var reader = JSONReader(body[...])
    try reader.document { reader, name throws(Problem) in
      switch name {
      case "image":
        if try reader.takeNull() { break }
        guard try reader.kind() == .string else { throw try notAnImage(&reader) }
        single = image(base64: try reader.stringBytes())
      case "images":
        if try reader.takeNull() { break }
        guard try reader.kind() == .array else { throw try notAnImage(&reader) }
        list = try images(&reader)
      case "instances":
        throw .invalidBody(
          #""instances" belongs to KServe's V1 protocol; send {"image": "<base64>"} or {"images": [...]}."#)
      default:
        parameters.append((name, try DetectParameters.value(of: name, &reader)))
      }
    }
    switch (single, list) {
    case (let image?, nil): return ([image], false, parameters)
    case (nil, let images?): return (images, true, parameters)
    default: throw .imageOrImages
    }
  }

  private static func images(
    _ reader: inout JSONReader
  ) throws(Problem) -> [Result<ImageInput, Problem>] {
    var images: [Result<ImageInput, Problem>] = []
    try reader.array { reader, index throws(Problem) in
      guard index < maxImages else { throw .tooManyImages(limit: maxImages) }
      if try reader.kind() == .string {
        images.append(image(base64: try reader.stringBytes()))
      } else {
        try reader.skip()
        images.append(.failure(.invalidBody("An image must be a base64 string or a data URI.")))
      }
    }
    return images
  }

  /// The problem of a value of "image" or "images" that can be neither.
  private static func notAnImage(_ reader: inout JSONReader) throws(Problem) -> Problem {
    guard try reader.kind() != .object else { return reader.unexpected("an image in base64") }
    try reader.skip()
    return .imageOrImages
  }

  /// From base64 or a base64 data URI (RFC 2397).
  private static func image(base64 text: ArraySlice<UInt8>) -> Result<ImageInput, Problem> {
    do throws(Base64.Invalid) { return .success(.encoded(try Base64.decode(text))) } catch {
      switch error {
      case .dataURI: return .failure(.invalidBody("A data URI needs ';base64,' before the image."))
      case .notBase64:
        return .failure(.invalidBody("An image is not base64. URLs are not fetched; send the image itself."))
      }
    }
  }
}

extension Problem {
  fileprivate static let imageOrImages = noImage(
    #"The body needs either "image", a base64 string or a data URI, or "images", an array of these."#)
}
