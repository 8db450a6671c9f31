import COCO
import Imaging

/// Writes a data set of drawn street scenes, with names and ids of COCO's categories.
package struct ScenesGenerator: Sendable {
  package var composer = SceneComposer()
  package var seed: UInt64 = 0
  /// Share of the images that are stored as JPEG, with the traces that this leaves; the others are PNG.
  package var jpegShare: Float = 0.4

  package init() {}

  /// Writes the data set into `folder`. A part of which no images are asked for is not written.
  package func write(train: Int, validation: Int, to folder: String) throws(TrainingError) {
    let categories = SceneCategory.allCases.map { Annotations.Category(id: $0.rawValue, name: $0.name) }
    try GeneratedDataset(categories: categories).write(train: train, validation: validation, to: folder) {
      split, index in
      let scene = composer.scene(seed: seed, split: split, index: index)
      let (suffix, bytes) = try encoded(scene.image, split: split, index: index)
      return GeneratedDataset.Drawing(
        suffix: suffix, bytes: bytes, width: scene.image.width, height: scene.image.height,
        objects: scene.objects.map { object in
          GeneratedDataset.Object(
            categoryID: object.category.rawValue, box: object.box.map { Double($0) },
            area: Double(object.area))
        })
    }
  }

  private func encoded(
    _ image: Image, split: Int, index: Int
  ) throws -> (suffix: String, bytes: [UInt8]) {
    var random = RandomSource(seed, UInt64(split), UInt64(index), 1)
    let isJPEG = random.chance(jpegShare)
    let quality = random.integer(35...95)
    return (isJPEG ? "jpg" : "png", try image.encoded(as: isJPEG ? .jpeg : .png, quality: quality))
  }
}
