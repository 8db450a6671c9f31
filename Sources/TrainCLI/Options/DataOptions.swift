import ArgumentParser
import COCO
import Training

/// The data set: one folder in the layout of COCO's downloads, or single files and folders.
struct DataOptions: ParsableArguments {
  @Option(help: "Data folder with annotations/instances_train*.json and train*/, same for val*.")
  var data: String?

  @Option(help: "COCO annotations for training, instead of --data.")
  var annotations: String?

  @Option(help: "Folder of the training images.")
  var images: String?

  @Option(help: "COCO annotations for validation.")
  var valAnnotations: String?

  @Option(help: "Folder of the validation images.")
  var valImages: String?

  func validate() throws {
    guard (annotations == nil) == (images == nil) else {
      throw ValidationError("--annotations requires --images, and the reverse")
    }
    guard (valAnnotations == nil) == (valImages == nil) else {
      throw ValidationError("--val-annotations requires --val-images, and the reverse")
    }
    guard data != nil || annotations != nil else {
      throw ValidationError("--data, or --annotations and --images, is required")
    }
  }

  /// - Parameters:
  ///   - segmentations: whether to read segmentations.
  ///   - isQuiet: whether to print no lines about the data.
  func training(segmentations: Bool = false, isQuiet: Bool = false) throws -> DetectionDataset {
    guard
      let dataset = try dataset(.train, annotations, images, segmentations: segmentations, isQuiet: isQuiet)
    else {
      throw TrainingError.unusableData(
        path: data ?? "", reason: "no annotations/instances_train*.json or instances_train*.json in it")
    }
    return dataset
  }

  func validation(isQuiet: Bool = false) throws -> DetectionDataset? {
    try dataset(.val, valAnnotations, valImages, segmentations: false, isQuiet: isQuiet)
  }

  private func dataset(
    _ split: DataFolder.Split, _ annotations: String?, _ images: String?, segmentations: Bool, isQuiet: Bool
  ) throws -> DetectionDataset? {
    let part: DataFolder.Part?
    if let annotations, let images {
      part = DataFolder.Part(annotations: annotations, images: images)
    } else {
      part = try data.flatMap { try DataFolder($0).part(split) }
    }
    guard let part else { return nil }
    let dataset = DetectionDataset(
      annotations: try Annotations(contentsOf: part.annotations), images: part.images,
      segmentations: segmentations ? try Segmentation.read(part.annotations) : [:])
    if isQuiet { return dataset }
    for issue in dataset.issues { print("\(part.annotations): \(issue)") }
    print("\(part.annotations): \(dataset.summary)")
    return dataset
  }
}
