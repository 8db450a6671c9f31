import ArgumentParser
import COCO
import Training

struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert", abstract: "Make COCO annotations of Pascal VOC's or YOLO's.")

  enum Format: String, ExpressibleByArgument, CaseIterable { case voc, yolo }

  @Option(help: "voc (a folder of XML files) or yolo (a folder of text files).")
  var format: Format

  @Option(help: "The folder of annotations.")
  var annotations: String

  @Option(help: "The folder of pictures; for yolo only.")
  var images: String?

  @Option(
    help:
      "A text file with the classes' names, one a line, in order. Default: as they come up (voc), classes.txt (yolo)."
  )
  var names: String?

  @Option(help: "A text file with the names to convert, one a line (VOC's ImageSets/Main/train.txt).")
  var list: String?

  @Option(help: "The COCO file to write.")
  var output: String

  func validate() throws {
    guard format == .voc || images != nil else { throw ValidationError("--format yolo needs --images") }
    guard format == .voc || list == nil else { throw ValidationError("--list is for --format voc") }
  }

  func run() throws {
    let names = try names.map { try classNames(contentsOf: $0) }
    let conversion =
      switch format {
      case .voc: try Conversion.voc(annotations, names: names, list: list)
      case .yolo: try Conversion.yolo(annotations, images: images ?? "", names: names)
      }
    for complaint in conversion.complaints { print(complaint) }
    let result = conversion.annotations
    try AnnotationsFile.write(result, to: output)
    print(
      "\(output): \(result.images.count) pictures, \(result.objects.count) objects, \(result.categories.count) classes; complaints: \(conversion.complaints.count)"
    )
  }
}
