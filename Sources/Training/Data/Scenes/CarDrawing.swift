/// A car seen from the side, facing right: saloon, hatchback, estate or van. 200 units long.
struct CarSideDrawing: SceneObject {
  private enum Shape: CaseIterable { case saloon, hatchback, estate, van }

  private let shape: Shape
  private let color: PaintColor
  private let glass: GlassPaint
  private let wheel: WheelDrawing
  private let hasStripe: Bool
  private let lift: Float

  let width: Float = 200
  let height: Float

  init(_ random: inout RandomSource) {
    shape = random.pick(Shape.allCases)
    color = random.paintColor()
    glass = GlassPaint(&random)
    wheel = WheelDrawing(&random)
    hasStripe = random.chance(0.25)
    lift = random.uniform(-3, 3)
    height = shape == .van ? 90 : 68
  }

  func draw(on canvas: inout Canvas) {
    let top = -height
    let paint = Paint.vertical(color.lighter(0.22), color.lighter(-0.3), top, -12)
    let roof: (rear: Float, front: Float, rearFoot: Float, frontFoot: Float) =
      switch shape {
      case .saloon: (-48, 18, -74, 48)
      case .hatchback: (-66, 12, -92, 44)
      case .estate: (-84, 12, -97, 44)
      case .van: (-94, 52, -98, 78)
      }
    let belt: Float = shape == .van ? -48 : -42
    canvas.fill(
      .smooth(
        (roof.rearFoot - 3, belt + 3), (roof.rear - 4, top + 3), (roof.rear + 12, top), (roof.front - 8, top),
        (roof.front + 6, top + 3), (roof.frontFoot, belt + 3)), paint)
    canvas.fill(
      .smooth(
        (-99, belt + 6), (-99, belt), (-60, belt - 1), (roof.frontFoot, belt), (80, belt + 4),
        (99, belt + 12),
        (100, -14), (94, -12), (-94, -12), (-100, -16)), paint)
    drawWindows(roof, belt: belt, on: &canvas)
    if hasStripe { canvas.fill(.rectangle(-98, -30, 195, 4), color.lighter(0.55)) }
    canvas.fill(.rectangle(-90, -18, 180, 3), color.lighter(-0.5))
    for x in [-30, 28] as [Float] {
      canvas.fill(.stroke((x, belt), (x, -19), width: 1.2), color.lighter(-0.45))
      canvas.fill(.rounded(x - 14, belt + 7, 9, 2.4, radius: 1), color.lighter(-0.4))
    }
    canvas.fill(.rounded(89, belt + 10, 10, 7, radius: 3), PaintColor(0xFF_F3C4))
    canvas.fill(.rounded(-99, belt + 5, 7, 9, radius: 2), PaintColor(0xB4_161A))
    for x in [-60, 60] as [Float] {
      canvas.fill(.circle(x, -16 - lift / 3, 19.5), color.lighter(-0.65))
      wheel.draw(x, -16, radius: 16, on: &canvas)
    }
  }

  private func drawWindows(
    _ roof: (rear: Float, front: Float, rearFoot: Float, frontFoot: Float), belt: Float,
    on canvas: inout Canvas
  ) {
    let top = -height + 6
    let middle = (roof.rear + roof.front) / 2
    let paint = glass.paint(roof.rearFoot, top, roof.frontFoot - roof.rearFoot, belt - top)
    canvas.fill(
      .polygon(
        (roof.rear + 1, top), (middle - 3, top), (middle - 3, belt - 1), (roof.rearFoot + 12, belt - 1)),
      paint)
    canvas.fill(
      .polygon(
        (middle + 3, top), (roof.front - 3, top), (roof.frontFoot - 10, belt - 1), (middle + 3, belt - 1)),
      paint)
  }
}

/// A car seen from the front or the rear. 100 units wide.
struct CarFrontDrawing: SceneObject {
  private let color: PaintColor
  private let glass: GlassPaint
  private let isRear: Bool
  private let roundLights: Bool

  let width: Float = 100
  let height: Float

  init(_ random: inout RandomSource) {
    color = random.paintColor()
    glass = GlassPaint(&random)
    isRear = random.chance(0.45)
    roundLights = random.chance(0.4)
    height = random.uniform(74, 92)
  }

  func draw(on canvas: inout Canvas) {
    let top = -height
    let belt = top * 0.58
    let paint = Paint.vertical(color.lighter(0.2), color.lighter(-0.28), top, -10)
    for x in [-44, 28] as [Float] { canvas.fill(.rounded(x, -22, 16, 22, radius: 4), PaintColor(0x16_181A)) }
    canvas.fill(
      .smooth((-40, belt + 4), (-34, top + 2), (-24, top), (24, top), (34, top + 2), (40, belt + 4)), paint)
    canvas.fill(
      .smooth(
        (-47, belt + 2), (-40, belt - 2), (40, belt - 2), (47, belt + 2), (50, belt + 16), (49, -10),
        (40, -8),
        (-40, -8), (-49, -10), (-50, belt + 16)), paint)
    canvas.fill(
      .polygon((-28, top + 5), (28, top + 5), (35, belt - 2), (-35, belt - 2)),
      glass.paint(-30, top, 60, belt - top))
    for side in [-1, 1] as [Float] {
      canvas.fill(.rounded(side * 47 - 4, belt - 6, 8, 6, radius: 2), color.lighter(-0.25))
      let light = isRear ? PaintColor(0xC4_1A1E) : PaintColor(0xFF_F6D8)
      if roundLights {
        canvas.fill(.circle(side * 37, belt + 16, 7.5), PaintColor.gray(70))
        canvas.fill(.circle(side * 37, belt + 16, 6), light)
      } else {
        canvas.fill(.rounded(side * 37 - 10, belt + 11, 20, 9, radius: 3), light)
      }
    }
    if !isRear { canvas.fill(.rounded(-22, belt + 10, 44, 11, radius: 3), .gray(35)) }
    canvas.fill(.rectangle(-48, -22, 96, 3), color.lighter(-0.45))
    canvas.fill(.rectangle(-14, -20, 28, 7), .gray(238))
  }
}
