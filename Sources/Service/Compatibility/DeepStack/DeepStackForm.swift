import HTTPServer
import HTTPTypes
import YOLOX

/// A DeepStack request: a form with an image file and fields. Unknown fields are ignored, because cameras send many.
struct DeepStackForm: Sendable {
  /// Fields at most; cameras send a dozen.
  private static let maxFields = 100
  /// Longest body without a file, in bytes. Only `multipart/form-data` carries images here.
  private static let maxURLEncodedLength = 64 << 10

  /// Encoded, a part of the body; `nil` if there is none.
  let image: ArraySlice<UInt8>?
  private let fields: [String: String]

  /// From the query, because Frigate lets its users choose the address, but not the fields.
  private let query: [String: String]

  init(_ request: Request) throws(Problem) {
    query = request.query.reduce(into: [:]) { $0[$1.name] = $1.value }
    guard !request.body.isEmpty, let type = request.fields[.contentType].flatMap(MediaType.init) else {
      (image, fields) = (nil, [:])
      return
    }
    switch type.name {
    case "multipart/form-data": (image, fields) = try DeepStackForm.parse(multipart: request.body, type)
    // Python's requests encodes fields this way if there is no file.
    case "application/x-www-form-urlencoded":
      (image, fields) = (nil, try DeepStackForm.parse(urlEncoded: request.body))
    default: (image, fields) = (nil, [:])
    }
  }

  private static func parse(urlEncoded body: [UInt8]) throws(Problem) -> [String: String] {
    // Before any byte is parsed: the key, which may be in the body, has not been checked yet.
    guard body.count <= maxURLEncodedLength else {
      throw Problem(HTTPError.bodyTooLarge(limit: maxURLEncodedLength))
    }
    guard body.count(where: { $0 == UInt8(ascii: "&") }) < maxFields else {
      throw .invalidBody("The form has more than \(maxFields) fields, the maximum.")
    }
    let parameters: [RequestTarget.Parameter]
    do { parameters = try RequestTarget.parameters(body[...]) } catch { throw Problem(error) }
    return parameters.reduce(into: [:]) { $0[$1.name] = $1.value }
  }

  private static func parse(
    multipart body: [UInt8], _ type: MediaType
  ) throws(Problem) -> (ArraySlice<UInt8>?, [String: String]) {
    var limits = MultipartLimits()
    limits.parts = maxFields
    let parts: [FormPart]
    do { parts = try MultipartParser(contentType: type, limits: limits).parse(body) } catch {
      throw .invalidBody("The form cannot be parsed: \(error).")
    }
    var fields: [String: String] = [:]
    // Fields that can matter are short; a long one is not copied before the key is known.
    for part in parts where part.fileName == nil && part.body.count <= DetectParameters.maxLength {
      fields[part.name] = String(validating: part.body, as: UTF8.self)
    }
    let files = parts.filter { ($0.fileName != nil || $0.name == "image") && !$0.isEmptyInput }
    return ((files.first { $0.name == "image" } ?? files.first)?.body, fields)
  }

  var key: String? { fields["api_key"] }

  /// The parameters of the request, then those of a profile, then DeepStack's and the service's defaults.
  func parameters(_ profile: Profiles.Profile?, _ defaults: DeepStackDefaults) throws(Problem)
    -> DetectParameters
  {
    var all: [Profiles.Parameter] = []
    func add(_ name: String, _ value: JSONValue) {
      if !all.contains(where: { $0.name == name }) { all.append((name, value)) }
    }
    for name in [DetectParameters.Name.maxDetections, .classes].map(\.rawValue) {
      if let text = value(name) { add(name, .string(text)) }
    }
    let (score, count) = (DetectParameters.Name.scoreThreshold, DetectParameters.Name.maxDetections)
    if let minConfidence = try minConfidence { add(score.rawValue, .number(minConfidence)) }
    for (name, value) in profile?.parameters ?? [] { add(name, value) }
    add(score.rawValue, .number(DeepStackDefaults.scoreThreshold))
    add(count.rawValue, .number(Double(defaults.maxPredictions)))
    do { return try DetectParameters(all) } catch { throw Problem(error) }
  }

  private func value(_ name: String) -> String? {
    [fields[name], query[name]].compactMap(\.self).first { !$0.isEmpty }
  }

  /// `nil` if the request has none.
  private var minConfidence: Double? {
    get throws(Problem) {
      guard let text = value("min_confidence") else { return nil }
      guard let value = JSONReader.number(in: text), (0...1).contains(value) else {
        throw .invalidBody("min_confidence is '\(text.excerpt)'; expected a number from 0 to 1.")
      }
      return value
    }
  }
}
