import Service

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Why a setting was not taken.
package enum SettingsError: Error, Equatable, CustomStringConvertible {
  case unreadable(file: String)
  case notAnObject(file: String)
  case unknown(name: String, file: String)
  case notAValue(name: String, origin: String)
  case missingValue(option: String)

  package var description: String {
    switch self {
    case .unreadable(let file): "\(file): cannot be read"
    case .notAnObject(let file): "\(file): is not a JSON object with options as its members"
    case .unknown(let name, let file): "\(file): there is no option '\(name)'"
    case .notAValue(let name, let origin):
      "\(origin): '\(name)' needs a text, a number, true or false, or a list of these"
    case .missingValue(let option): "--\(option) needs a value"
    }
  }
}

/// Values for a command's options from elsewhere than the command line: the environment (`YOLOX_MAX_BATCH=4`) and a JSON
/// file (`{"max-batch": 4}`), by the options' own names. The command line beats the environment, which beats the file.
package struct OptionSources: Equatable {
  package struct Value: Equatable {
    package let option: OptionDescription
    package let texts: [String]
    /// A variable or a file, to be named when the value is wrong.
    package let origin: String
  }

  package static let fileOption = "config"

  package private(set) var values: [Value] = []

  /// - Parameter arguments: of the command line, without the command itself.
  package init(
    options: [OptionDescription], arguments: [String], environment: [String: String]
  ) throws(SettingsError) {
    let file = try OptionSources.file(named: arguments, environment)
    let members =
      try file.map { path throws(SettingsError) in try OptionSources.members(of: path, options) } ?? [:]
    for option in options where OptionSources.given(option, in: arguments) == nil {
      if let text = environment[option.variable], !OptionSources.isServiceLink(text, option) {
        let texts = option.isRepeating ? text.split(separator: ",").map(String.init) : [text]
        values.append(Value(option: option, texts: texts, origin: option.variable))
      } else if let file, let member = members[option.name] {
        guard let texts = OptionSources.texts(member) else {
          throw .notAValue(name: option.name, origin: file)
        }
        values.append(Value(option: option, texts: texts, origin: file))
      }
    }
  }

  /// To be put before the arguments of the command line.
  package var arguments: [String] {
    values.flatMap { value -> [String] in
      let name = "--" + value.option.name
      guard value.option.isFlag else { return value.texts.map { "\(name)=\($0)" } }
      return value.texts.first.map(OptionSources.isAffirmative) == true ? [name] : []
    }
  }

  /// Where the value of an option that an error message speaks of came from.
  package func origin(of message: String) -> String? {
    values.first { message.contains("--\($0.option.name) ") || message.contains("--\($0.option.name)'") }?
      .origin
  }

  // MARK: Layers

  /// What a command line says of an option, in order; for a flag, an empty text. `nil` if nothing.
  static func given(_ option: OptionDescription, in arguments: [String]) -> [String]? {
    var texts: [String] = []
    for (index, argument) in arguments.enumerated() {
      if argument.hasPrefix("--\(option.name)=") {
        texts.append(String(argument.dropFirst(option.name.count + 3)))
      } else if argument == "--\(option.name)" {
        texts.append(option.isFlag || index + 1 >= arguments.count ? "" : arguments[index + 1])
      }
    }
    return texts.isEmpty ? nil : texts
  }

  /// Whether a text sets a flag.
  static func isAffirmative(_ text: String) -> Bool { ["true", "1", "yes"].contains(text.lowercased()) }

  private static func file(
    named arguments: [String], _ environment: [String: String]
  ) throws(SettingsError) -> String? {
    if let inOne = arguments.last(where: { $0.hasPrefix("--\(fileOption)=") }) {
      return String(inOne.dropFirst(fileOption.count + 3))
    }
    guard let index = arguments.lastIndex(of: "--\(fileOption)") else {
      return environment["YOLOX_" + fileOption.uppercased()]
    }
    guard index + 1 < arguments.count else { throw .missingValue(option: fileOption) }
    return arguments[index + 1]
  }

  private static func members(
    of path: String, _ options: [OptionDescription]
  ) throws(SettingsError) -> [String: JSONValue] {
    guard let data = FileManager.default.contents(atPath: path) else { throw .unreadable(file: path) }
    guard let members = try? JSONDecoder().decode([String: JSONValue].self, from: data) else {
      throw .notAnObject(file: path)
    }
    for name in members.keys.sorted() where !options.contains(where: { $0.name == name }) {
      throw .unknown(name: name, file: path)
    }
    return members
  }

  private static func texts(_ member: JSONValue) -> [String]? {
    guard case .array(let members) = member else { return member.text.map { [$0] } }
    let texts = members.compactMap(\.text)
    return texts.count == members.count ? texts : nil
  }

  /// Kubernetes gives every container `NAME_PORT=tcp://…` for each service of its namespace, so that a service called
  /// "yolox" would set the port to that.
  private static func isServiceLink(_ text: String, _ option: OptionDescription) -> Bool {
    option.name == "port" && text.hasPrefix("tcp://")
  }
}
