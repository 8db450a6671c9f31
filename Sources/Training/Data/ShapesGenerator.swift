import COCO
import Imaging

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Makes a data set of circles, squares and triangles on noise: enough to see within minutes whether training works,
/// with nothing to download.
package struct ShapesGenerator: Sendable {
  package enum Shape: String, CaseIterable, Sendable {
    case circle, square, triangle

    /// - Parameter u, v: in a box of -1...1.
    func contains(_ u: Float, _ v: Float) -> Bool {
      switch self {
      case .circle: u * u + v * v <= 1
      case .square: true
      case .triangle: abs(u) <= (v + 1) / 2
      }
    }
  }

  package var side = 160
  package var objectsPerPicture = 1...4
  /// Of the shapes, as shares of the pictures' side.
  package var sizes: ClosedRange<Float> = 0.125...0.333
  package var seed: UInt64 = 0

  package init() {}

  /// Writes `annotations/instances_train.json`, `train/` and the same for `val`, as ``DataFolder`` reads them.
  package func write(train: Int, validation: Int, to folder: String) throws(TrainingError) {
    for (name, count, place) in [("train", train, 0), ("val", validation, 1)] {
      var images: [Annotations.Image] = []
      var objects: [Annotations.Object] = []
      do {
        for path in ["\(folder)/annotations", "\(folder)/\(name)"] {
          try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        for id in 1...count {
          let (picture, shapes) = picture(split: place, index: id)
          let file = "\(id).png"
          try Data(picture.encoded(as: .png)).write(to: URL(filePath: "\(folder)/\(name)/\(file)"))
          images.append(
            Annotations.Image(id: id, fileName: file, width: picture.width, height: picture.height))
          for (category, box) in shapes {
            objects.append(
              Annotations.Object(id: objects.count + 1, imageID: id, categoryID: category + 1, box: box))
          }
        }
      } catch {
        throw .unwritable(path: folder, reason: "\(error)")
      }
      let annotations = Annotations(
        images: images,
        categories: Shape.allCases.enumerated().map {
          Annotations.Category(id: $0.offset + 1, name: $0.element.rawValue)
        }, objects: objects)
      try AnnotationsFile.write(annotations, to: "\(folder)/annotations/instances_\(name).json")
    }
  }

  /// A picture and, for each shape in it, its class index and x, y, width, height. Shapes do not touch.
  package func picture(split: Int, index: Int) -> (picture: Image, shapes: [(classIndex: Int, box: [Double])])
  {
    var random = RandomSource(seed, UInt64(split), UInt64(index))
    var picture = Image(width: side, height: side)
    let ground = (0..<3).map { _ in random.uniform(40, 200) }
    for place in picture.pixels.indices {
      picture.pixels[place] = UInt8(ground[place % 3] + random.uniform(-30, 30))
    }
    var shapes: [(classIndex: Int, box: [Double])] = []
    for _ in 0..<Int.random(in: objectsPerPicture, using: &random) {
      let size = Int(random.uniform(sizes.lowerBound, sizes.upperBound) * Float(side))
      let (x, y) = (
        Int.random(in: 0...side - size, using: &random), Int.random(in: 0...side - size, using: &random)
      )
      let box = [x, y, size, size].map { Double($0) }
      let isFree = shapes.allSatisfy { other in
        (0..<2).contains { axis in
          box[axis] >= other.box[axis] + other.box[2] || other.box[axis] >= box[axis] + box[2]
        }
      }
      guard isFree else { continue }
      let classIndex = Int.random(in: Shape.allCases.indices, using: &random)
      // Away from the ground's colour, so that it can be seen.
      let color = ground.map { UInt8(($0 + random.uniform(90, 160)).truncatingRemainder(dividingBy: 256)) }
      for row in 0..<size {
        for column in 0..<size {
          let (u, v) = (2 * (Float(column) + 0.5) / Float(size) - 1, 2 * (Float(row) + 0.5) / Float(size) - 1)
          if Shape.allCases[classIndex].contains(u, v) {
            picture[x + column, y + row] = (color[0], color[1], color[2])
          }
        }
      }
      shapes.append((classIndex, box))
    }
    return (picture, shapes)
  }
}
