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

  @Option(help: "Folder of the validation annotations. (default: that of --annotations)")
  var valAnnotations: String?

  @Option(help: "Folder of the validation images, for yolo only.")
  var valImages: String?

  @Option(help: "File of image names for validation.")
  var valList: String?

  @Option(help: "COCO file to write for validation, with the same classes.")
  var valOutput: String?

  func validate() throws {
    guard format == .voc || images != nil else { throw ValidationError("--format yolo requires --images") }
    guard format == .voc || (list == nil && valList == nil) else {
      throw ValidationError("--list and --val-list are for --format voc")
    }
    guard valOutput != nil || (valAnnotations == nil && valImages == nil && valList == nil) else {
      throw ValidationError("the options of validation require --val-output")
    }
    guard valOutput == nil || valAnnotations != nil || valList != nil || valImages != nil else {
      throw ValidationError("--val-output requires --val-annotations, --val-images or --val-list")
    }
  }

  func run() throws {
    var classes = try names.map { try classNames(contentsOf: $0) }
    if valOutput != nil, classes == nil, format == .voc {
      // One list of classes for both files: ids are worth nothing otherwise.
      let all = [try convert(isValidation: false, nil), try convert(isValidation: true, nil)]
      classes = Set(all.flatMap(\.annotations.labels)).sorted()
    } else if classes == nil, format == .yolo {
      classes = try classNames(contentsOf: annotations + "/classes.txt")
    }
    try write(try convert(isValidation: false, classes), to: output)
    if let valOutput { try write(try convert(isValidation: true, classes), to: valOutput) }
  }

  private func convert(isValidation: Bool, _ names: [String]?) throws -> Conversion {
    let annotations = isValidation ? valAnnotations ?? self.annotations : self.annotations
    return switch format {
    case .voc: try Conversion.voc(annotations, names: names, list: isValidation ? valList : list)
    case .yolo:
      try Conversion.yolo(
        annotations, images: (isValidation ? valImages ?? images : images) ?? "", names: names)
    }
  }

  private func write(_ conversion: Conversion, to output: String) throws {
    for issue in conversion.issues { print(issue) }
    let result = conversion.annotations
    try AnnotationsFile.write(result, segmentations: conversion.segmentations, to: output)
    print(
      "\(output): \(result.images.count) images, \(result.objects.count) objects, \(result.categories.count) classes; issues: \(conversion.issues.count)"
    )
  }
}
