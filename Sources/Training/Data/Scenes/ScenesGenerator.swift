import COCO
import Imaging

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Writes a data set of drawn street scenes, with names and ids of COCO's categories.
package struct ScenesGenerator: Sendable {
  package var composer = SceneComposer()
  package var seed: UInt64 = 0
  /// Share of the images that are stored as JPEG, with the traces that this leaves; the others are PNG.
  package var jpegShare: Float = 0.4

  package init() {}

  /// Writes `annotations/instances_train.json`, `train/` and the same for `val`, as ``DataFolder`` reads them.
  /// A part of which no images are asked for is not written.
  package func write(
    train: Int, validation: Int, to folder: String
  ) throws(TrainingError) {
    for (name, count, split) in [("train", train, 0), ("val", validation, 1)] where count > 0 {
      var images: [Annotations.Image] = []
      var objects: [Annotations.Object] = []
      do {
        for path in ["\(folder)/annotations", "\(folder)/\(name)"] {
          try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        for id in 1...count {
          let scene = composer.scene(seed: seed, split: split, index: id)
          let file = try write(scene.image, id: id, split: split, to: "\(folder)/\(name)")
          images.append(
            Annotations.Image(id: id, fileName: file, width: scene.image.width, height: scene.image.height))
          for object in scene.objects {
            objects.append(
              Annotations.Object(
                id: objects.count + 1, imageID: id, categoryID: object.category.rawValue,
                box: object.box.map { Double($0) }, area: Double(object.area)))
          }
        }
      } catch {
        throw .unwritable(path: folder, reason: "\(error)")
      }
      let annotations = Annotations(
        images: images,
        categories: SceneCategory.allCases.map { Annotations.Category(id: $0.rawValue, name: $0.name) },
        objects: objects)
      try AnnotationsFile.write(annotations, to: "\(folder)/annotations/instances_\(name).json")
    }
  }

  /// - Returns: the file's name.
  private func write(_ image: Image, id: Int, split: Int, to folder: String) throws -> String {
    var random = RandomSource(seed, UInt64(split), UInt64(id), 1)
    let isJPEG = random.chance(jpegShare)
    let file = isJPEG ? "\(id).jpg" : "\(id).png"
    let bytes = try image.encoded(as: isJPEG ? .jpeg : .png, quality: random.integer(35...95))
    try Data(bytes).write(to: URL(filePath: "\(folder)/\(file)"))
    return file
  }
}
