import YOLOX

extension DetectParameters {
  /// The parameters that select detections by class, size and place.
  struct Filters: Sendable {
    private(set) var boxes = DetectionFilter()
    /// By label or index, which the model resolves.
    private var scoreThresholds: [(name: String, score: Float)] = []

    static let names: [Name] = [
      .scoreThresholds, .minBoxSize, .maxBoxSize, .includeZones, .excludeZones, .zoneMatch,
    ]

    mutating func set(_ name: Name, _ value: JSONValue) throws(Invalid) {
      func invalid(_ expected: String) -> Invalid {
        .value(name: name.rawValue, value: value.excerpt, expected: expected)
      }
      func size() throws(Invalid) -> BoxSize {
        guard let size = value.text.flatMap({ BoxSize($0) }) else { throw invalid(BoxSize.format) }
        return size
      }
      switch name {
      case .minBoxSize: boxes.minSize = try size()
      case .maxBoxSize: boxes.maxSize = try size()
      case .includeZones: boxes.includedZones = try Filters.zones(value, invalid)
      case .excludeZones: boxes.excludedZones = try Filters.zones(value, invalid)
      case .zoneMatch:
        guard let match = value.text.flatMap({ DetectionFilter.ZoneMatch($0) }) else {
          throw invalid(DetectionFilter.ZoneMatch.format)
        }
        boxes.zoneMatch = match
      default:
        guard let thresholds = Filters.scoreThresholds(value) else {
          throw invalid("labels or class indices with scores from 0 to 1, such as person:0.5,cat:0.3")
        }
        scoreThresholds = thresholds
      }
    }

    // MARK: Scores

    /// - Throws: if the model has no such class, or one is named twice.
    func scoreThresholds(for model: Model) throws(Invalid) -> [Int: Float] {
      var thresholds: [Int: Float] = [:]
      for (name, score) in scoreThresholds {
        func invalid(_ expected: String) -> Invalid {
          .value(name: Name.scoreThresholds.rawValue, value: name, expected: expected)
        }
        let ids: Set<Int>
        do { ids = try model.classIDs(named: [name]) } catch {
          throw invalid("labels or class indices; no class is called '\(name.excerpt)'")
        }
        for id in ids {
          guard thresholds.updateValue(score, forKey: id) == nil else { throw invalid("each class once") }
        }
      }
      return thresholds
    }

    /// `person:0.5,cat:0.3`, or the pairs that ``DetectParameters/value(of:_:)`` reads from an object.
    private static func scoreThresholds(_ value: JSONValue) -> [(name: String, score: Float)]? {
      var pairs: [(name: String, score: JSONValue)] = []
      switch value {
      case .string(let text):
        for part in text.split(separator: ",") {
          guard let colon = part.lastIndex(of: ":") else { return nil }
          let name = Model.classNames(in: String(part[..<colon])).first ?? ""
          pairs.append((name, .string(String(part[part.index(after: colon)...].filter { $0 != " " }))))
        }
      case .array(let values):
        for value in values {
          guard case .array(let pair) = value, pair.count == 2, case .string(let name) = pair[0] else {
            return nil
          }
          pairs.append((name, pair[1]))
        }
      default: return nil
      }
      guard pairs.count <= DetectParameters.maxClasses else { return nil }
      var thresholds: [(name: String, score: Float)] = []
      for (name, value) in pairs {
        guard let score = value.number, (0...1).contains(score) else { return nil }
        thresholds.append((name, Float(score)))
      }
      return thresholds
    }

    // MARK: Zones

    /// `x,y,x,y,…;x,y,…`, or a list of such lists or of lists of points.
    private static func zones(_ value: JSONValue, _ invalid: (String) -> Invalid) throws(Invalid) -> [Zone] {
      let polygons: [JSONValue]
      switch value {
      case .string(let text):
        polygons = text.split(separator: ";").map { .string(String($0)) }
      case .array(let values): polygons = values
      default: throw invalid(zonesFormat)
      }
      guard polygons.count <= DetectionFilter.maxZones else {
        throw invalid("at most \(DetectionFilter.maxZones) zones, not \(polygons.count)")
      }
      var zones: [Zone] = []
      for polygon in polygons {
        do throws(ZoneError) { zones.append(try zone(polygon)) } catch {
          throw invalid("\(zonesFormat); zone \(zones.count + 1): \(error)")
        }
      }
      return zones
    }

    private static let zonesFormat = "polygons of normalized points such as 0.1,0.2,0.9,0.2,0.5,0.8"

    private static func zone(_ polygon: JSONValue) throws(ZoneError) -> Zone {
      if case .string(let text) = polygon { return try Zone(text) }
      guard case .array(let members) = polygon else { throw .notNumbers }
      var numbers: [Double] = []
      for member in members {
        switch member {
        case .number(let number): numbers.append(number)
        case .array(let point):
          guard point.count == 2, case .number(let x) = point[0], case .number(let y) = point[1] else {
            throw .notNumbers
          }
          numbers += [x, y]
        default: throw .notNumbers
        }
      }
      return try Zone(numbers: numbers)
    }
  }

  // MARK: JSON

  /// Reads the value of a parameter in a JSON object. Lists of zones are nested, and thresholds by class are an object.
  static func value(of name: String, _ reader: inout JSONReader) throws(Problem) -> JSONValue {
    switch (Name(rawValue: name), try reader.kind()) {
    case (.scoreThresholds, .object):
      var pairs: [JSONValue] = []
      try reader.object { reader, label throws(Problem) in
        pairs.append(.array([.string(label), try reader.value(maxElements: 0)]))
      }
      return .array(pairs)
    case (.includeZones, .array), (.excludeZones, .array):
      return try nested(&reader, levels: 2, name)
    default: return try reader.value(maxElements: maxClasses)
    }
  }

  /// - Parameter levels: of arrays in this one.
  private static func nested(
    _ reader: inout JSONReader, levels: Int, _ name: String
  ) throws(Problem) -> JSONValue {
    guard try reader.kind() == .array else { return try reader.value(maxElements: 0) }
    let limit = max(DetectionFilter.maxZones, 2 * (Zone.maxPoints + 1))
    var values: [JSONValue] = []
    try reader.array { reader, index throws(Problem) in
      guard index < limit else {
        throw .invalidBody(
          "'\(name)' has too many elements; at most \(DetectionFilter.maxZones) zones of \(Zone.maxPoints) points are allowed."
        )
      }
      values.append(
        levels > 0 ? try nested(&reader, levels: levels - 1, name) : try reader.value(maxElements: 0))
    }
    return .array(values)
  }
}
