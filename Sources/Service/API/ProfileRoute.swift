import HTTPServer

/// `GET /v1/profiles`.
struct ProfileRoute: Sendable {
  let profiles: Profiles

  func list(_ request: Request) -> Response { .json(List(profiles: profiles.all.map(Description.init))) }

  private struct List: Encodable { let profiles: [Description] }

  private struct Description: Encodable {
    let profile: Profiles.Profile

    init(_ profile: Profiles.Profile) { self.profile = profile }

    private enum Keys: CodingKey { case name, parameters }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Keys.self)
      try container.encode(profile.name, forKey: .name)
      var parameters = container.nestedContainer(keyedBy: AnyKey.self, forKey: .parameters)
      for (name, value) in profile.parameters {
        guard name == DetectParameters.Name.scoreThresholds.rawValue, case .array(let pairs) = value else {
          try parameters.encode(value, forKey: AnyKey(name))
          continue
        }
        // The pairs that were read from an object.
        var object = parameters.nestedContainer(keyedBy: AnyKey.self, forKey: AnyKey(name))
        for case .array(let pair) in pairs {
          if let label = pair.first?.text { try object.encode(pair[pair.count - 1], forKey: AnyKey(label)) }
        }
      }
    }
  }

  private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
  }
}
