/// Why options could not be read from a file or the environment.
package enum SettingsError: Error, Equatable, CustomStringConvertible {
  case unreadable(file: String)
  case notAnObject(file: String)
  case unknown(name: String, file: String)
  case invalidValue(name: String, origin: String)
  case missingValue(option: String)

  package var description: String {
    switch self {
    case .unreadable(let file): "\(file): cannot be read; check that the file exists and its permissions"
    case .notAnObject(let file): "\(file): must be a JSON object whose members are options"
    case .unknown(let name, let file):
      "\(file): unknown option '\(name)'; 'yolox serve --help' lists the options"
    case .invalidValue(let name, let origin):
      "\(origin): '\(name)' must be a string, a number, true, false or a list of these"
    case .missingValue(let option): "--\(option) needs a value"
    }
  }
}
