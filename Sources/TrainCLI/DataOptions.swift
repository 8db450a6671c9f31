import ArgumentParser
import COCO
import Training

/// Where the data is: one folder as COCO's downloads are laid out, or files named one by one.
struct DataOptions: ParsableArguments {
  @Option(
    help:
      "A folder with annotations/instances_train*.json and train*/, and the same for val*. Instead of the options below."
  )
  var data: String?

  @Option(help: "COCO annotations of the training pictures.")
  var annotations: String?

  @Option(help: "Folder of the training pictures.")
  var images: String?

  @Option(help: "COCO annotations of the pictures to evaluate on.")
  var valAnnotations: String?

  @Option(help: "Folder of the pictures to evaluate on.")
  var valImages: String?

  func validate() throws {
    guard (annotations == nil) == (images == nil) else {
      throw ValidationError("--annotations and --images belong together")
    }
    guard (valAnnotations == nil) == (valImages == nil) else {
      throw ValidationError("--val-annotations and --val-images belong together")
    }
    guard data != nil || annotations != nil else {
      throw ValidationError("--data DIR, or --annotations FILE and --images DIR, say what to train on")
    }
  }

  /// - Parameters:
  ///   - outlines: whether to read the objects' outlines as well.
  ///   - isQuiet: whether to leave out the lines about what was read.
  func training(outlines: Bool = false, isQuiet: Bool = false) throws -> DetectionDataset {
    guard let dataset = try dataset(.train, annotations, images, outlines: outlines, isQuiet: isQuiet) else {
      throw TrainingError.unusableData(
        path: data ?? "", reason: "no annotations/instances_train*.json or instances_train*.json in it")
    }
    return dataset
  }

  func validation(isQuiet: Bool = false) throws -> DetectionDataset? {
    try dataset(.val, valAnnotations, valImages, outlines: false, isQuiet: isQuiet)
  }

  private func dataset(
    _ split: DataFolder.Split, _ annotations: String?, _ images: String?, outlines: Bool, isQuiet: Bool
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
      outlines: outlines ? try Segmentation.read(part.annotations) : [:])
    if isQuiet { return dataset }
    for complaint in dataset.complaints { print("\(part.annotations): \(complaint)") }
    print("\(part.annotations): \(dataset.summary)")
    return dataset
  }
}
