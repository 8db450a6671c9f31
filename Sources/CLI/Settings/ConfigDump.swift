import FoundationCompatibility
import Service

/// The effective options of a command, as a file for `--config`.
package struct ConfigDump {
  private let options: [OptionDescription]
  private let sources: OptionSources
  private let arguments: [String]

  package init(options: [OptionDescription], sources: OptionSources, arguments: [String]) {
    self.options = options
    self.sources = sources
    self.arguments = arguments
  }

  package var text: String {
    var members: [String: ConfigValue] = [:]
    for option in options where option.name != OptionSources.fileOption {
      members[option.name] = value(of: option)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(members) else { return "{}" }
    return String(decoding: data, as: UTF8.self)
  }

  private func value(of option: OptionDescription) -> ConfigValue? {
    let texts =
      OptionSources.given(option, in: arguments) ?? sources.values.first { $0.option == option }?.texts
    if option.isFlag {
      return .value(.bool(texts?.last.map { $0.isEmpty || OptionSources.isAffirmative($0) } ?? false))
    }
    guard let texts = texts ?? option.defaultValue.map({ [$0] }) else { return nil }
    let values = texts.map { text in
      ConfigValue(objectText: text) ?? .value(Double(text).map(JSONValue.number) ?? .string(text))
    }
    return option.isRepeating ? .list(values) : values.last
  }
}
