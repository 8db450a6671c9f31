import FoundationCompatibility
import Training

/// Options in a file, one per line, with their names on the command line:
///
///     # the paper's small networks
///     model = nano
///     epochs = 300
///     freeze-backbone
///
/// They are inserted before those of the command line, which therefore take precedence, and parsed with them.
package enum ArgumentFile {
  /// Inserts the options of every `--config FILE` after the first argument, the subcommand's name.
  package static func expand(_ arguments: [String]) throws(TrainingError) -> [String] {
    var (options, others): ([String], [String]) = ([], [])
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if argument == "--config", let path = rest.popFirst() {
        options += try read(path)
      } else if argument.hasPrefix("--config=") {
        options += try read(String(argument.dropFirst("--config=".count)))
      } else {
        others.append(argument)
      }
    }
    return Array(others.prefix(1)) + options + Array(others.dropFirst())
  }

  private static func read(_ path: String) throws(TrainingError) -> [String] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .unusableData(path: path, reason: "the configuration file cannot be read")
    }
    return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).flatMap {
      line -> [String] in
      let parts = line.split(separator: "=", maxSplits: 1).map(trimmed)
      guard let name = parts.first, !name.isEmpty, !name.hasPrefix("#") else { return [] }
      return ["--" + name] + parts.dropFirst()
    }
  }

  private static func trimmed(_ text: Substring) -> String {
    func isEdge(_ character: Character) -> Bool { character.isWhitespace || character == "\"" }
    return String(text.drop(while: isEdge).reversed().drop(while: isEdge).reversed())
  }
}
