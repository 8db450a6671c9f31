import CTraining
import Engine

/// An activation that does not follow a normalisation.
enum ActivationGradient {
  static func forward(
    _ x: UnsafePointer<Float>, _ shape: FeatureMapShape, into y: UnsafeMutablePointer<Float>,
    _ activation: Activation,
    crew: Crew
  ) {
    crew.share(shape.images * shape.channels) { _, planes in
      let start = planes.lowerBound * shape.plane
      yt_affine_activation(
        x + start, y + start, planes.count * shape.plane, 1, 0, Optional(activation).code)
    }
  }

  /// `d` holds the gradient of the result and receives the gradient of `x`.
  static func backward(
    _ x: UnsafePointer<Float>, _ shape: FeatureMapShape, _ d: UnsafeMutablePointer<Float>,
    _ activation: Activation,
    crew: Crew
  ) {
    crew.share(shape.images * shape.channels) { _, planes in
      let start = planes.lowerBound * shape.plane
      var (sum, product) = (0.0, 0.0)
      yt_affine_activation_backward(
        x + start, d + start, planes.count * shape.plane, 1, 0, 0, Optional(activation).code, &sum, &product)
    }
  }
}

/// Stride 1, same size.
enum MaxPoolGradient {
  static func forward(
    _ x: UnsafePointer<Float>, _ shape: FeatureMapShape, into y: UnsafeMutablePointer<Float>, kernel: Int,
    crew: Crew
  ) {
    let benches = crew.benches(slot: 0, count: Scratch.count(shape, kernel))
    crew.share(shape.images * shape.channels) { thread, planes in
      let scratch = Scratch(benches[thread], shape, kernel)
      for plane in planes {
        yt_max_pool(
          x + plane * shape.plane, y + plane * shape.plane, Int32(shape.height), Int32(shape.width),
          Int32(kernel), scratch.rows, scratch.columns, scratch.line, scratch.places)
      }
    }
  }

  /// Adds to `dx`.
  static func backward(
    _ x: UnsafePointer<Float>, _ shape: FeatureMapShape, _ dy: UnsafePointer<Float>,
    into dx: UnsafeMutablePointer<Float>, kernel: Int, crew: Crew
  ) {
    let benches = crew.benches(slot: 0, count: Scratch.count(shape, kernel))
    crew.share(shape.images * shape.channels) { thread, planes in
      let scratch = Scratch(benches[thread], shape, kernel)
      for plane in planes {
        yt_max_pool_backward(
          x + plane * shape.plane, dy + plane * shape.plane, dx + plane * shape.plane, Int32(shape.height),
          Int32(shape.width), Int32(kernel), scratch.rows, scratch.columns, scratch.line, scratch.places)
      }
    }
  }

  /// One bench cut into the row maxima, the columns in which they lie, and a line of each kind.
  private struct Scratch {
    let rows: UnsafeMutablePointer<Float>
    let columns: UnsafeMutablePointer<Int32>
    let line: UnsafeMutablePointer<Float>
    let places: UnsafeMutablePointer<Int32>

    static func count(_ shape: FeatureMapShape, _ kernel: Int) -> Int {
      2 * shape.plane + 2 * shape.width + kernel
    }

    init(_ bench: UnsafeMutablePointer<Float>, _ shape: FeatureMapShape, _ kernel: Int) {
      func integers(_ offset: Int, _ count: Int) -> UnsafeMutablePointer<Int32> {
        UnsafeMutableRawPointer(bench + offset).bindMemory(to: Int32.self, capacity: count)
      }
      rows = bench
      columns = integers(shape.plane, shape.plane)
      line = bench + 2 * shape.plane
      places = integers(2 * shape.plane + shape.width + kernel, shape.width)
    }
  }
}

/// Nearest neighbour, twice the size.
enum UpsampleGradient {
  static func forward(
    _ x: UnsafePointer<Float>, _ shape: FeatureMapShape, into y: UnsafeMutablePointer<Float>, crew: Crew
  ) {
    let width = shape.width
    crew.share(shape.images * shape.channels * shape.height) { _, rows in
      for row in rows {
        let (source, target) = (x + row * width, y + row * 4 * width)
        for column in 0..<width {
          target[2 * column] = source[column]
          target[2 * column + 1] = source[column]
        }
        (target + 2 * width).update(from: target, count: 2 * width)
      }
    }
  }

  /// Adds to `dx`.
  static func backward(
    _ dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>, _ shape: FeatureMapShape, crew: Crew
  ) {
    let width = shape.width
    crew.share(shape.images * shape.channels * shape.height) { _, rows in
      for row in rows {
        let (upper, target) = (dy + row * 4 * width, dx + row * width)
        let lower = upper + 2 * width
        for column in 0..<width {
          target[column] +=
            upper[2 * column] + upper[2 * column + 1] + lower[2 * column] + lower[2 * column + 1]
        }
      }
    }
  }
}

/// Space to depth by 2, phases in the authors' order; see ``Operation/focus``.
enum FocusGradient {
  static func forward(
    _ x: UnsafePointer<Float>, _ shape: FeatureMapShape, into y: UnsafeMutablePointer<Float>, crew: Crew
  ) {
    forEachElement(shape, crew: crew) { y[$0] = x[$1] }
  }

  /// Adds to `dx`.
  static func backward(
    _ dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>, _ shape: FeatureMapShape, crew: Crew
  ) {
    forEachElement(shape, crew: crew) { dx[$1] += dy[$0] }
  }

  @inline(__always)
  private static func forEachElement(
    _ shape: FeatureMapShape, crew: Crew, _ body: (_ small: Int, _ large: Int) -> Void
  ) {
    let (height, width) = (shape.height / 2, shape.width / 2)
    crew.share(shape.images) { _, images in
      for image in images {
        for phase in 0..<4 {
          // Top-left, bottom-left, top-right, bottom-right.
          let (down, right) = (phase % 2, phase / 2)
          for channel in 0..<shape.channels {
            let small = image * shape.image + (phase * shape.channels + channel) * height * width
            let large = image * shape.image + channel * shape.plane
            for row in 0..<height {
              for column in 0..<width {
                body(
                  small + row * width + column,
                  large + (2 * row + down) * shape.width + 2 * column + right)
              }
            }
          }
        }
      }
    }
  }
}
