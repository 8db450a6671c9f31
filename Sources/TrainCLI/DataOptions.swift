import ArgumentParser
import COCO
import Training

struct DataOptions: ParsableArguments {
  @Option(help: "COCO annotations of the training pictures.")
  var annotations: String

  @Option(help: "Folder of the training pictures.")
  var images: String

  func dataset() throws -> DetectionDataset { try DataOptions.dataset(annotations, images) }

  static func dataset(_ annotations: String, _ images: String) throws -> DetectionDataset {
    let dataset = DetectionDataset(annotations: try Annotations(contentsOf: annotations), images: images)
    for complaint in dataset.complaints { print(complaint) }
    let objects = dataset.entries.reduce(0) { $0 + $1.objects.count }
    print(
      "\(annotations): \(dataset.entries.count) pictures, \(objects) objects, \(dataset.labels.count) classes, \(dataset.complaints.count) complaints"
    )
    return dataset
  }
}

struct ValidationOptions: ParsableArguments {
  @Option(help: "COCO annotations of the pictures to evaluate on.")
  var valAnnotations: String?

  @Option(help: "Folder of the pictures to evaluate on.")
  var valImages: String?

  func dataset() throws -> DetectionDataset? {
    switch (valAnnotations, valImages) {
    case (nil, nil): return nil
    case (let annotations?, let images?): return try DataOptions.dataset(annotations, images)
    default: throw ValidationError("--val-annotations and --val-images belong together")
    }
  }
}
