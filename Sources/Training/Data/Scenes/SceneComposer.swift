import Imaging

/// A drawn scene with the boxes of what can be seen in it.
package struct Scene: Sendable {
  package struct Object: Sendable, Equatable {
    package let category: SceneCategory
    /// Round the visible pixels: x, y, width, height.
    package let box: [Int]
    /// Visible pixels.
    package let area: Int
    /// In `owners`.
    package let number: UInt8
  }

  package let image: Image
  package let objects: [Object]
  /// `[height, width]`: for each pixel the number of the object on top, annotated or not; 0 where there is none.
  package let owners: [UInt8]
}

/// Puts objects, distractors and a backdrop together.
package struct SceneComposer: Sendable {
  /// The longer side of a scene, in pixels.
  package var sides = 288...416
  /// Of all scenes, in pixels, instead of ``sides`` and a random shape.
  package var size: (width: Int, height: Int)?
  package var maxObjects = 5
  /// Of an object in pixels, instead of a part of the scene: about its height, or three quarters of its width if it is wide.
  package var objectSizes: ClosedRange<Int>?
  /// Objects and distractors have numbers of one byte.
  package static let maxObjectsLimit = 200
  /// An object of which less can be seen is not annotated.
  package static let leastVisible: Float = 0.3

  package init() {}

  private struct Placed {
    let category: SceneCategory
    let object: any SceneObject
    let placement: Placement
    let bounds: Bounds
    var number: UInt8 = 0
    var drawnPixels = 0
  }

  private enum Item {
    case object(Int)
    case distractor(Distractor, foot: Point, size: Float)

    func foot(_ placed: [Placed]) -> Float {
      switch self {
      case .object(let index): placed[index].bounds.bottom
      case .distractor(_, let foot, _): foot.y
      }
    }
  }

  package func scene(seed: UInt64, split: Int, index: Int) -> Scene {
    var random = RandomSource(seed, UInt64(split), UInt64(index))
    let side = random.integer(sides)
    let aspect = random.pick([(4, 3), (4, 3), (3, 2), (1, 1), (3, 4), (16, 9)])
    let longer = max(aspect.0, aspect.1)
    var canvas = Canvas(
      width: size?.width ?? side * aspect.0 / longer, height: size?.height ?? side * aspect.1 / longer)
    let backdrop = Backdrop.random(&random, height: Float(canvas.height))
    backdrop.draw(on: &canvas, &random)

    var placed: [Placed] = []
    let count = random.chance(0.04) ? 0 : random.integer(1...maxObjects)
    for _ in 0..<count {
      if let object = place(beside: placed, backdrop, in: canvas, &random) { placed.append(object) }
    }
    var items = placed.indices.map(Item.object)
    for _ in 0..<random.integer(0...5) { items.append(distractor(backdrop, in: canvas, &random)) }
    // From the back to the front: what stands lower is nearer. The index keeps the order of equals.
    let order = items.indices.sorted { (items[$0].foot(placed), $0) < (items[$1].foot(placed), $1) }
    for (number, index) in order.enumerated() {
      switch items[index] {
      case .distractor(let distractor, let foot, let size):
        distractor.draw(on: &canvas, foot: foot, size: size, &random)
      case .object(let index):
        placed[index].number = UInt8(number + 1)
        draw(&placed[index], on: &canvas)
      }
    }
    let objects = placed.compactMap { annotation(of: $0, in: canvas) }
    let owners = canvas.owners
    CameraEffects(&random).apply(to: &canvas)
    return Scene(image: canvas.image, objects: objects, owners: owners)
  }

  /// - Returns: `nil` where ten places in turn were taken.
  private func place(
    beside others: [Placed], _ backdrop: Backdrop, in canvas: Canvas, _ random: inout RandomSource
  ) -> Placed? {
    let category = random.pick(SceneCategory.allCases)
    let object = category.object(&random)
    let (width, height) = (Float(canvas.width), Float(canvas.height))
    for _ in 0..<10 {
      // Small ones are more frequent.
      let share = random.uniform(0, 1)
      let range = objectSizes.map { (Float($0.lowerBound), Float($0.upperBound)) }
      let extent =
        range.map { $0 + ($1 - $0) * share * share }
        ?? (0.21 + 0.28 * share + 0.31 * share * share) * min(width, height)
      var placement = Placement()
      placement.scale = extent / max(object.height, object.width * 0.75)
      let minWidth: Float = range == nil ? 24 : 8
      if object.width * placement.scale < minWidth { placement.scale = minWidth / object.width }
      placement.stretch = random.uniform(0.9, 1.12)
      placement.angle = random.chance(0.35) ? random.uniform(-0.12, 0.12) : 0
      placement.mirrored = category != .stopSign && random.chance(0.5)
      let horizon = backdrop.horizon(height: height)
      placement.position = Point(
        random.uniform(-0.02, 1.02) * width,
        foot(of: category, horizon: horizon, share: share, height, object.height * placement.scale, &random))
      let halfWidth = object.width * placement.scale / 2
      let bounds = Bounds(
        left: placement.position.x - halfWidth,
        top: placement.position.y - object.height * placement.scale * placement.stretch,
        right: placement.position.x + halfWidth, bottom: placement.position.y)
      let inside = bounds.intersection(Bounds(left: 0, top: 0, right: width, bottom: height))
      guard inside.area > 0.45 * bounds.area, min(inside.width, inside.height) >= min(16, minWidth)
      else { continue }
      let limit: Float = random.chance(0.3) ? 0.55 : 0.15
      let isFree = others.allSatisfy {
        $0.bounds.intersection(bounds).area < limit * min($0.bounds.area, bounds.area)
      }
      if isFree { return Placed(category: category, object: object, placement: placement, bounds: bounds) }
    }
    return nil
  }

  /// Where an object's lower edge is: on the ground, or anywhere for what hangs or stands on a pole.
  private func foot(
    of category: SceneCategory, horizon: Float, share: Float, _ height: Float, _ extent: Float,
    _ random: inout RandomSource
  ) -> Float {
    switch category {
    case .trafficLight, .stopSign, .clock:
      random.uniform(extent * 0.8, max(extent, height * 0.8))
    case .person, .bicycle, .car, .bus, .dog:
      // Nearer is lower and larger, with exceptions.
      random.chance(0.85)
        ? horizon + (height - horizon) * min(1.05, max(0.06, share + random.uniform(-0.15, 0.5)))
        : random.uniform(extent * 0.8, height * 1.1)
    }
  }

  private func distractor(
    _ backdrop: Backdrop, in canvas: Canvas, _ random: inout RandomSource
  ) -> Item {
    let height = Float(canvas.height)
    let size = random.uniform(0.08, 0.5) * height
    let horizon = backdrop.horizon(height: height)
    let y =
      random.chance(0.7)
      ? random.uniform(horizon, horizon + (height - horizon) * 0.5) : random.uniform(0, height)
    return .distractor(
      random.pick(Distractor.allCases), foot: Point(random.uniform(0, Float(canvas.width)), y), size: size)
  }

  private func draw(_ placed: inout Placed, on canvas: inout Canvas) {
    canvas.placement = placed.placement
    canvas.owner = 0
    placed.object.drawSurroundings(on: &canvas)
    canvas.owner = placed.number
    placed.object.draw(on: &canvas)
    canvas.placement = Placement()
    canvas.owner = 0
    placed.drawnPixels = canvas.visible(placed.number)?.pixels ?? 0
  }

  private func annotation(of placed: Placed, in canvas: Canvas) -> Scene.Object? {
    guard let (pixels, box) = canvas.visible(placed.number), placed.drawnPixels > 0 else { return nil }
    let image = Bounds(left: 0, top: 0, right: Float(canvas.width), bottom: Float(canvas.height))
    let inside = placed.bounds.intersection(image).area / placed.bounds.area
    let visible = inside * Float(pixels) / Float(placed.drawnPixels)
    guard visible >= SceneComposer.leastVisible, min(box.width, box.height) >= 4 else { return nil }
    return Scene.Object(
      category: placed.category, box: [box.x, box.y, box.width, box.height], area: pixels,
      number: placed.number)
  }
}
