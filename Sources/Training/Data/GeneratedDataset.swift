import COCO
import FoundationCompatibility

/// Writes a data set of drawn images: `annotations/instances_train.json`, `train/` and the same for `val`, as
/// ``DataFolder`` reads them.
struct GeneratedDataset {
  /// One drawn image as a file.
  struct Drawing {
    /// Suffix of the file's name.
    let suffix: String
    let bytes: [UInt8]
    let width: Int
    let height: Int
    let objects: [Object]
  }

  struct Object {
    let categoryID: Int
    /// x, y, width, height in pixels.
    let box: [Double]
    /// In pixels; `nil` for that of the box.
    var area: Double?
  }

  let categories: [Annotations.Category]

  /// A part of which no images are asked for is not written.
  ///
  /// - Parameter draw: draws image `index`, counted from 1, of split 0 for training or 1 for validation.
  func write(
    train: Int, validation: Int, to folder: String, draw: (_ split: Int, _ index: Int) throws -> Drawing
  ) throws(TrainingError) {
    for (name, count, split) in [("train", train, 0), ("val", validation, 1)] where count > 0 {
      var images: [Annotations.Image] = []
      var objects: [Annotations.Object] = []
      do {
        for path in ["\(folder)/annotations", "\(folder)/\(name)"] {
          try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        for id in 1...count {
          let drawing = try draw(split, id)
          let file = "\(id).\(drawing.suffix)"
          try Data(drawing.bytes).write(to: URL(filePath: "\(folder)/\(name)/\(file)"))
          images.append(
            Annotations.Image(id: id, fileName: file, width: drawing.width, height: drawing.height))
          for object in drawing.objects {
            objects.append(
              Annotations.Object(
                id: objects.count + 1, imageID: id, categoryID: object.categoryID, box: object.box,
                area: object.area))
          }
        }
      } catch {
        throw .unwritable(path: folder, reason: "\(error)")
      }
      try AnnotationsFile.write(
        Annotations(images: images, categories: categories, objects: objects),
        to: "\(folder)/annotations/instances_\(name).json")
    }
  }
}
