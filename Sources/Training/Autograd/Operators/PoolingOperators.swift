import CTraining
import Engine

/// An activation that is not fused with a batch normalisation.
enum ActivationOperator {
  static func forward(
    _ x: UnsafePointer<Float>, _ shape: FeatureMapShape, into y: UnsafeMutablePointer<Float>,
    _ activation: Activation,
    team: ThreadTeam
  ) {
    team.parallelFor(shape.images * shape.channels) { _, planes in
      let start = planes.lowerBound * shape.plane
      yt_affine_activation(
        x + start, y + start, planes.count * shape.plane, 1, 0, Optional(activation).code)
    }
  }

  /// `d` holds the gradient of the result and is overwritten with the gradient of `x`.
  static func backward(
    _ x: UnsafePointer<Float>, _ shape: FeatureMapShape, _ d: UnsafeMutablePointer<Float>,
    _ activation: Activation,
    team: ThreadTeam
  ) {
    team.parallelFor(shape.images * shape.channels) { _, planes in
      let start = planes.lowerBound * shape.plane
      var (sum, product) = (0.0, 0.0)
      yt_affine_activation_backward(
        x + start, d + start, planes.count * shape.plane, 1, 0, 0, Optional(activation).code, &sum, &product)
    }
  }
}

/// Max pooling with stride 1 and same padding.
enum MaxPoolOperator {
  static func forward(
    _ x: UnsafePointer<Float>, _ shape: FeatureMapShape, into y: UnsafeMutablePointer<Float>, kernel: Int,
    team: ThreadTeam
  ) {
    let scratch = team.scratch(slot: 0, count: Workspace.count(shape, kernel))
    team.parallelFor(shape.images * shape.channels) { thread, planes in
      let work = Workspace(scratch[thread], shape, kernel)
      for plane in planes {
        yt_max_pool(
          x + plane * shape.plane, y + plane * shape.plane, Int32(shape.height), Int32(shape.width),
          Int32(kernel), work.rows, work.columns, work.line, work.places)
      }
    }
  }

  /// Adds to `dx`.
  static func backward(
    _ x: UnsafePointer<Float>, _ shape: FeatureMapShape, _ dy: UnsafePointer<Float>,
    into dx: UnsafeMutablePointer<Float>, kernel: Int, team: ThreadTeam
  ) {
    let scratch = team.scratch(slot: 0, count: Workspace.count(shape, kernel))
    team.parallelFor(shape.images * shape.channels) { thread, planes in
      let work = Workspace(scratch[thread], shape, kernel)
      for plane in planes {
        yt_max_pool_backward(
          x + plane * shape.plane, dy + plane * shape.plane, dx + plane * shape.plane, Int32(shape.height),
          Int32(shape.width), Int32(kernel), work.rows, work.columns, work.line, work.places)
      }
    }
  }

  /// Scratch memory split into row maxima, their columns, and one line of each.
  private struct Workspace {
    let rows: UnsafeMutablePointer<Float>
    let columns: UnsafeMutablePointer<Int32>
    let line: UnsafeMutablePointer<Float>
    let places: UnsafeMutablePointer<Int32>

    static func count(_ shape: FeatureMapShape, _ kernel: Int) -> Int {
      2 * shape.plane + 2 * shape.width + kernel
    }

    init(_ base: UnsafeMutablePointer<Float>, _ shape: FeatureMapShape, _ kernel: Int) {
      func integers(_ offset: Int, _ count: Int) -> UnsafeMutablePointer<Int32> {
        UnsafeMutableRawPointer(base + offset).bindMemory(to: Int32.self, capacity: count)
      }
      rows = base
      columns = integers(shape.plane, shape.plane)
      line = base + 2 * shape.plane
      places = integers(2 * shape.plane + shape.width + kernel, shape.width)
    }
  }
}

/// Nearest-neighbour upsampling by 2.
enum UpsampleOperator {
  static func forward(
    _ x: UnsafePointer<Float>, _ shape: FeatureMapShape, into y: UnsafeMutablePointer<Float>, team: ThreadTeam
  ) {
    let width = shape.width
    team.parallelFor(shape.images * shape.channels * shape.height) { _, rows in
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
    _ dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>, _ shape: FeatureMapShape,
    team: ThreadTeam
  ) {
    let width = shape.width
    team.parallelFor(shape.images * shape.channels * shape.height) { _, rows in
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
enum FocusOperator {
  static func forward(
    _ x: UnsafePointer<Float>, _ shape: FeatureMapShape, into y: UnsafeMutablePointer<Float>, team: ThreadTeam
  ) {
    forEachElement(shape, team: team) { y[$0] = x[$1] }
  }

  /// Adds to `dx`.
  static func backward(
    _ dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>, _ shape: FeatureMapShape,
    team: ThreadTeam
  ) {
    forEachElement(shape, team: team) { dx[$1] += dy[$0] }
  }

  @inline(__always)
  private static func forEachElement(
    _ shape: FeatureMapShape, team: ThreadTeam, _ body: (_ small: Int, _ large: Int) -> Void
  ) {
    let (height, width) = (shape.height / 2, shape.width / 2)
    team.parallelFor(shape.images) { _, images in
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
