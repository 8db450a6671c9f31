import ArgumentParser
import COCO
import Training

/// The data set: one folder in a known layout, or single files and folders.
struct DataOptions: ParsableArguments {
  @Option(help: "Data folder: COCO, Roboflow, Ultralytics YOLO, CVAT or VOC layout.")
  var data: String?

  @Option(help: "COCO annotations for training, instead of --data.")
  var annotations: String?

  @Option(help: "Folder of the training images.")
  var images: String?

  @Option(help: "COCO annotations for validation.")
  var valAnnotations: String?

  @Option(help: "Folder of the validation images.")
  var valImages: String?

  @Option(help: "Share of the training images to set aside for validation, e.g. 0.1.")
  var valSplit: Double?

  func validate() throws {
    guard (annotations == nil) == (images == nil) else {
      throw ValidationError("--annotations requires --images, and the reverse")
    }
    guard (valAnnotations == nil) == (valImages == nil) else {
      throw ValidationError("--val-annotations requires --val-images, and the reverse")
    }
    if let valSplit, !(valSplit > 0 && valSplit < 1) {
      throw ValidationError("--val-split must lie between 0 and 1")
    }
  }

  struct Loaded {
    let training: DetectionDataset
    /// With the classes of `training`.
    let validation: DetectionDataset?
  }

  /// - Parameters:
  ///   - segmentations: whether to read segmentations.
  ///   - isQuiet: whether to print no lines about the data.
  func load(segmentations: Bool = false, isQuiet: Bool = false) throws -> Loaded {
    guard data != nil || annotations != nil else {
      throw ValidationError("--data, or --annotations and --images, is required")
    }
    guard
      let training = try dataset(.train, annotations, images, segmentations: segmentations, isQuiet: isQuiet)
    else {
      throw TrainingError.unusableData(
        path: data ?? "",
        reason: "no data set in a known layout, for example annotations/instances_train*.json with train*/, "
          + "train/_annotations.coco.json, data.yaml, or Annotations with JPEGImages; see docs/training.md")
    }
    let validation = try validation(isQuiet: isQuiet)
    guard let valSplit else {
      return Loaded(training: training, validation: try validation?.matched(to: training.labels))
    }
    guard validation == nil else {
      throw ValidationError("--val-split is for data sets without validation images, but this one has some")
    }
    let parts = training.splitting(validation: valSplit, seed: 0)
    if !isQuiet {
      print(
        "set aside for validation: \(parts.validation.entries.count) of \(training.entries.count) images")
    }
    return Loaded(training: parts.training, validation: parts.validation)
  }

  func validation(isQuiet: Bool = false) throws -> DetectionDataset? {
    try dataset(.val, valAnnotations, valImages, segmentations: false, isQuiet: isQuiet)
  }

  private func dataset(
    _ split: DataFolder.Split, _ annotations: String?, _ images: String?, segmentations: Bool, isQuiet: Bool
  ) throws -> DetectionDataset? {
    let source: DataSource?
    if let annotations, let images {
      source = try DataSource(annotations: annotations, images: images, segmentations: segmentations)
    } else {
      source = try data.flatMap { try DataFolder($0).source(split, segmentations: segmentations) }
    }
    guard let source else { return nil }
    let dataset = source.dataset
    if isQuiet { return dataset }
    for issue in dataset.issues.prefix(DataOptions.shownIssues) { print("\(source.path): \(issue)") }
    if dataset.issues.count > DataOptions.shownIssues {
      print("\(source.path): ... and \(dataset.issues.count - DataOptions.shownIssues) more")
    }
    print("\(source.path): \(dataset.summary)")
    return dataset
  }

  /// More lines would hide the rest of the start.
  private static let shownIssues = 100
}
