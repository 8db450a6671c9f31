import FoundationCompatibility

/// Values of a command's options from the environment (`YOLOX_MAX_BATCH_SIZE=4`) and a JSON file
/// (`{"max-batch-size": 4}`). The command line overrides the environment, which overrides the file.
package struct OptionSources: Equatable {
  package struct Value: Equatable {
    package let option: OptionDescription
    package let texts: [String]
    /// The variable or file that set it; named in errors.
    package let origin: String
  }

  package static let fileOption = "config"
  /// The member of the file that is no option; the service reads it.
  private static let profilesMember = "profiles"

  package private(set) var values: [Value] = []

  /// - Parameter arguments: the command line after the command's name.
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
          throw .invalidValue(name: option.name, origin: file)
        }
        values.append(Value(option: option, texts: texts, origin: file))
      }
    }
  }

  /// Arguments to put in front of those of the command line.
  package var arguments: [String] {
    values.flatMap { value -> [String] in
      let name = "--" + value.option.name
      guard value.option.isFlag else { return value.texts.map { "\(name)=\($0)" } }
      return value.texts.first.map(OptionSources.isAffirmative) == true ? [name] : []
    }
  }

  /// The origin of the option that an error message of the parser names.
  package func origin(of message: String) -> String? {
    values.first { message.contains("--\($0.option.name) ") || message.contains("--\($0.option.name)'") }?
      .origin
  }

  /// The values of an option on a command line, in order; an empty string for a flag. `nil` if it is absent.
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

  /// Whether a value sets a flag.
  static func isAffirmative(_ text: String) -> Bool { ["true", "1", "yes"].contains(text.lowercased()) }

  private static func file(
    named arguments: [String], _ environment: [String: String]
  ) throws(SettingsError) -> String? {
    if let argument = arguments.last(where: { $0.hasPrefix("--\(fileOption)=") }) {
      return String(argument.dropFirst(fileOption.count + 3))
    }
    guard let index = arguments.lastIndex(of: "--\(fileOption)") else {
      return environment["YOLOX_" + fileOption.uppercased()]
    }
    guard index + 1 < arguments.count else { throw .missingValue(option: fileOption) }
    return arguments[index + 1]
  }

  private static func members(
    of path: String, _ options: [OptionDescription]
  ) throws(SettingsError) -> [String: ConfigValue] {
    guard let data = FileManager.default.contents(atPath: path) else { throw .unreadable(file: path) }
    guard var members = try? JSONDecoder().decode([String: ConfigValue].self, from: data) else {
      throw .notAnObject(file: path)
    }
    members[profilesMember] = nil
    for name in members.keys.sorted() where !options.contains(where: { $0.name == name }) {
      throw .unknown(name: name, file: path)
    }
    return members
  }

  private static func texts(_ member: ConfigValue) -> [String]? {
    guard case .list(let members) = member else { return member.text.map { [$0] } }
    let texts = members.compactMap(\.text)
    return texts.count == members.count ? texts : nil
  }

  /// Kubernetes sets `NAME_PORT=tcp://…` in every container for each Service of the namespace. For a Service called
  /// "yolox" that is the variable of `--port`.
  private static func isServiceLink(_ text: String, _ option: OptionDescription) -> Bool {
    option.name == "port" && text.hasPrefix("tcp://")
  }
}
