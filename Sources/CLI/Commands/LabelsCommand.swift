import ArgumentParser
import YOLOX

struct LabelsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "labels",
    abstract: "List the classes of a network.",
    discussion: "One label per line, in the order of the class indices, as --labels reads them.")

  @Option(help: "Weights file or name; see 'yolox weights list'. Default: yolox-nano.", completion: .weights)
  var weights: String?

  @Flag(help: "Print one JSON object per class.")
  var json = false

  private struct Line: Encodable {
    let classID: Int
    let label: String

    enum CodingKeys: String, CodingKey {
      case classID = "class_id"
      case label
    }
  }

  func run() async throws {
    let source = try WeightsSource(weights)
    if let note = source.note { printWarning(note) }
    for (classID, label) in try source.read(source.completed()).weights.labels.enumerated() {
      try printLine(json ? jsonText(of: Line(classID: classID, label: label)) : label)
    }
  }
}
