import ArgumentParser
import COCO
import Training

struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert", abstract: "Convert Pascal VOC or YOLO annotations to COCO's format.")

  enum Format: String, ExpressibleByArgument, CaseIterable { case voc, yolo }

  @Option(help: "Input format: voc (a folder of XML files) or yolo (a folder of text files).")
  var format: Format

  @Option(help: "Folder of the annotations.")
  var annotations: String

  @Option(help: "Folder of the images, for yolo only.")
  var images: String?

  @Option(help: "File of class names in order, one per line. (default for yolo: classes.txt)")
  var names: String?

  @Option(help: "File of image names to convert, one per line (VOC's ImageSets/Main/train.txt).")
  var list: String?

  @Option(help: "COCO file to write.")
  var output: String

  func validate() throws {
    guard format == .voc || images != nil else { throw ValidationError("--format yolo requires --images") }
    guard format == .voc || list == nil else { throw ValidationError("--list is for --format voc") }
  }

  func run() throws {
    let names = try names.map { try classNames(contentsOf: $0) }
    let conversion =
      switch format {
      case .voc: try Conversion.voc(annotations, names: names, list: list)
      case .yolo: try Conversion.yolo(annotations, images: images ?? "", names: names)
      }
    for issue in conversion.issues { print(issue) }
    let result = conversion.annotations
    try AnnotationsFile.write(result, to: output)
    print(
      "\(output): \(result.images.count) images, \(result.objects.count) objects, \(result.categories.count) classes; issues: \(conversion.issues.count)"
    )
  }
}
