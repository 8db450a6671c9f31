import COCO
import Imaging

/// Generates a data set of circles, squares and triangles on noise, to test training within minutes without a download.
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
  package var objectsPerImage = 1...4
  /// Range of shape sizes, relative to the image side.
  package var sizes: ClosedRange<Float> = 0.125...0.333
  package var seed: UInt64 = 0

  package init() {}

  /// Writes the data set into `folder`.
  package func write(train: Int, validation: Int, to folder: String) throws(TrainingError) {
    let categories = Shape.allCases.enumerated().map {
      Annotations.Category(id: $0.offset + 1, name: $0.element.rawValue)
    }
    try GeneratedDataset(categories: categories).write(train: train, validation: validation, to: folder) {
      split, index in
      let (image, shapes) = image(split: split, index: index)
      return GeneratedDataset.Drawing(
        suffix: "png", bytes: try image.encoded(as: .png), width: image.width, height: image.height,
        objects: shapes.map { GeneratedDataset.Object(categoryID: $0.classIndex + 1, box: $0.box) })
    }
  }

  /// Draws an image with class index and x, y, width, height of each shape. Shapes do not overlap.
  package func image(split: Int, index: Int) -> (image: Image, shapes: [(classIndex: Int, box: [Double])]) {
    var random = RandomSource(seed, UInt64(split), UInt64(index))
    var image = Image(width: side, height: side)
    let background = (0..<3).map { _ in random.uniform(40, 200) }
    for place in image.pixels.indices {
      image.pixels[place] = UInt8(background[place % 3] + random.uniform(-30, 30))
    }
    var shapes: [(classIndex: Int, box: [Double])] = []
    for _ in 0..<Int.random(in: objectsPerImage, using: &random) {
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
      // Distinct from the background colour.
      let color = background.map {
        UInt8(($0 + random.uniform(90, 160)).truncatingRemainder(dividingBy: 256))
      }
      for row in 0..<size {
        for column in 0..<size {
          let (u, v) = (2 * (Float(column) + 0.5) / Float(size) - 1, 2 * (Float(row) + 0.5) / Float(size) - 1)
          if Shape.allCases[classIndex].contains(u, v) {
            image[x + column, y + row] = (color[0], color[1], color[2])
          }
        }
      }
      shapes.append((classIndex, box))
    }
    return (image, shapes)
  }
}
