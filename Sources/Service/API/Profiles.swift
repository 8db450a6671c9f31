import FoundationCompatibility
import Synchronization

/// Named sets of parameters, from the member `profiles` of the configuration file. They can be read again while the service
/// runs.
package final class Profiles: Sendable {
  package static let maxCount = 256
  package static let maxFileSize = 4 << 20

  typealias Parameter = (name: String, value: JSONValue)

  struct Profile: Sendable {
    let name: String
    let parameters: [Parameter]
  }

  private let path: String?
  private let profiles: Mutex<[Profile]>

  /// - Parameter path: of a JSON file whose member `profiles` is an object of objects.
  package init(contentsOfFile path: String) throws(ProfilesError) {
    self.path = path
    profiles = Mutex(try Profiles.read(path))
  }

  /// No profiles.
  package init() {
    path = nil
    profiles = Mutex([])
  }

  /// Reads the file again. If that fails, the profiles stay as they were.
  package func reload() throws(ProfilesError) {
    guard let path else { return }
    let read = try Profiles.read(path)
    profiles.withLock { $0 = read }
  }

  package var names: [String] { all.map(\.name) }
  var all: [Profile] { profiles.withLock(\.self) }

  func profile(named name: String) -> Profile? { all.first { $0.name == name } }

  private static func read(_ path: String) throws(ProfilesError) -> [Profile] {
    guard let data = FileManager.default.contents(atPath: path), data.count <= maxFileSize else {
      throw .unreadable(path: path)
    }
    do { return try parse([UInt8](data)) } catch { throw .invalid(path: path, reason: error.detail) }
  }

  private static func parse(_ json: [UInt8]) throws(Problem) -> [Profile] {
    var profiles: [Profile] = []
    var reader = JSONReader(json[...])
    try reader.document { reader, member throws(Problem) in
      guard member == "profiles" else { return try reader.skip() }
      try reader.object { reader, name throws(Problem) in
        guard profiles.count < maxCount else {
          throw .invalidBody("There are more than \(maxCount) profiles.")
        }
        profiles.append(try profile(name, &reader))
      }
    }
    return profiles
  }

  private static func profile(_ name: String, _ reader: inout JSONReader) throws(Problem) -> Profile {
    guard !name.isEmpty, name.utf8.count <= 100, !name.contains("/") else {
      throw .invalidBody("The profile's name '\(name.excerpt)' must have 1 to 100 bytes and no '/'.")
    }
    var parameters: [Parameter] = []
    try reader.object { reader, parameter throws(Problem) in
      parameters.append((parameter, try DetectParameters.value(of: parameter, &reader)))
    }
    do throws(DetectParameters.Invalid) {
      if parameters.contains(where: { $0.name == DetectParameters.Name.profile.rawValue }) {
        throw .unknown(name: DetectParameters.Name.profile.rawValue)
      }
      _ = try DetectParameters(parameters).resolved(Profiles())
    } catch {
      throw .invalidBody("The profile '\(name.excerpt)' is invalid: \(Problem(error).detail)")
    }
    return Profile(name: name, parameters: parameters)
  }
}

/// Why profiles cannot be used.
package enum ProfilesError: Error, Equatable, CustomStringConvertible {
  case unreadable(path: String)
  case invalid(path: String, reason: String)

  package var description: String {
    switch self {
    case .unreadable(let path): "\(path): cannot be read, or is larger than \(Profiles.maxFileSize) bytes"
    case .invalid(let path, let reason): "\(path): \(reason)"
    }
  }
}

extension DetectParameters {
  /// With the parameters of the profile that they name, where they do not set them themselves.
  ///
  /// - Throws: if there is no such profile, or parameters that belong together are missing.
  func resolved(_ profiles: Profiles) throws(Invalid) -> DetectParameters {
    guard let profileName else {
      _ = try slicing.options()
      return self
    }
    guard let profile = profiles.profile(named: profileName) else {
      let known = profiles.names
      throw .value(
        name: Name.profile.rawValue, value: profileName,
        expected: known.isEmpty
          ? "no profile, because none is configured" : "one of \(known.prefix(20).joined(separator: ", "))")
    }
    var own = Set(given.map(\.name))
    // Either of them replaces the other.
    let layouts = [Name.slices, .sliceSize].map(\.rawValue)
    if layouts.contains(where: own.contains) { own.formUnion(layouts) }
    let all =
      given.filter { $0.name != Name.profile.rawValue } + profile.parameters.filter { !own.contains($0.name) }
    return try DetectParameters(all).resolved(profiles)
  }
}
