/// A dog seen from the side, facing right: standing, walking or sitting. About 130 units long.
struct DogDrawing: SceneObject {
  private let isSitting: Bool
  private let coat: PaintColor
  private let patch: PaintColor
  private let hasPatches: Bool
  private let hasCollar: Bool
  private let collar: PaintColor
  private let earsHang: Bool
  private let legLength: Float
  private let girth: Float
  private let step: Float
  private let tailLift: Float
  private let snout: Float

  var width: Float { isSitting ? 84 : 128 }
  let height: Float

  init(_ random: inout RandomSource) {
    isSitting = random.chance(0.3)
    coat = PaintColor(
      random.pick([0x8B_5A2B, 0xC2_8E52, 0x2B_2521, 0xE9_E2D4, 0x9A_9690, 0x5E_3B22, 0xD9_B27C])
    )
    .lighter(random.uniform(-0.12, 0.12))
    patch = coat.lighter(random.chance(0.5) ? -0.5 : 0.6)
    hasPatches = random.chance(0.4)
    hasCollar = random.chance(0.5)
    collar = random.paintColor()
    earsHang = random.chance(0.6)
    legLength = random.uniform(22, 38)
    girth = random.uniform(0.85, 1.2)
    step = random.uniform(0, 9)
    tailLift = random.uniform(-8, 26)
    snout = random.uniform(14, 22)
    height = isSitting ? 100 : legLength + 66
  }

  func draw(on canvas: inout Canvas) {
    if isSitting { drawSitting(on: &canvas) } else { drawStanding(on: &canvas) }
  }

  private func drawStanding(on canvas: inout Canvas) {
    let back = -legLength - 30
    let dark = coat.lighter(-0.25)
    canvas.fill(
      .stroke(
        [Point(-42, back + 6), Point(-54, back - tailLift / 2), Point(-58, back - tailLift)], width: 6), coat)
    for (x, shift, color) in [(-36, -step, dark), (26, step, dark), (-30, step, coat), (32, -step, coat)]
      as [(Float, Float, PaintColor)]
    {
      canvas.fill(
        .stroke(
          [Point(x, -legLength - 8), Point(x + shift * 0.4, -legLength * 0.5), Point(x + shift, -4)], width: 9
        ),
        color)
      canvas.fill(.stroke([Point(x + shift, -3.4), Point(x + shift + 4, -3.4)], width: 6.5), color)
    }
    let belly = -legLength + 2 * girth
    canvas.fill(
      .smooth(
        (-46, back + 4), (-34, back - 2), (0, back + 1), (34, back - 3), (44, back + 8), (38, belly),
        (8, belly - 2),
        (-26, belly - 8), (-44, belly - 4)), .vertical(coat.lighter(0.1), dark, back, belly))
    if hasPatches {
      canvas.fill(.ellipse(-18, back + 12, 13, 9), patch)
      canvas.fill(.ellipse(16, back + 10, 8, 7), patch)
    }
    canvas.fill(
      .smooth((26, back + 6), (34, back - 20), (46, back - 22), (50, back - 6), (42, back + 14)), coat)
    drawHead(Point(46, back - 20), on: &canvas)
  }

  private func drawSitting(on canvas: inout Canvas) {
    let dark = coat.lighter(-0.25)
    canvas.fill(.stroke([Point(-28, -6), Point(-38, -10), Point(-40, -18 - tailLift / 2)], width: 6), coat)
    canvas.fill(
      .smooth((-34, -2), (-34, -26), (-16, -46), (4, -70), (20, -66), (22, -30), (14, -2)),
      .vertical(coat.lighter(0.1), dark, -70, 0))
    canvas.fill(.ellipse(-16, -16, 17, 15), coat.lighter(-0.08))
    canvas.fill(.stroke((-18, -4), (-2, -4), width: 7), coat)
    for x in [10, 17] as [Float] {
      canvas.fill(.stroke([Point(x, -38), Point(x + 1, -4)], width: 8.5), x < 12 ? dark : coat)
      canvas.fill(.stroke([Point(x + 1, -3.4), Point(x + 6, -3.4)], width: 6.5), x < 12 ? dark : coat)
    }
    if hasPatches { canvas.fill(.ellipse(-4, -44, 10, 8), patch) }
    drawHead(Point(14, -82), on: &canvas)
  }

  private func drawHead(_ center: Point, on canvas: inout Canvas) {
    let dark = coat.lighter(-0.35)
    if !earsHang {
      canvas.fill(
        .polygon((center.x - 11, center.y - 6), (center.x - 7, center.y - 18), (center.x, center.y - 8)), dark
      )
      canvas.fill(
        .polygon((center.x - 3, center.y - 8), (center.x + 3, center.y - 18), (center.x + 8, center.y - 6)),
        coat)
    }
    canvas.fill(.ellipse(center.x, center.y, 14, 12.5), coat)
    canvas.fill(
      .smooth(
        (center.x + 2, center.y - 4), (center.x + 12, center.y - 3), (center.x + snout, center.y),
        (center.x + snout + 1, center.y + 7), (center.x + 12, center.y + 11), (center.x, center.y + 10)),
      hasPatches ? coat.lighter(0.2) : coat)
    canvas.fill(.ellipse(center.x + snout, center.y + 2, 3.2, 2.8), .gray(18))
    canvas.fill(
      .stroke((center.x + 8, center.y + 7.5), (center.x + snout - 2, center.y + 6.5), width: 1.1), dark)
    canvas.fill(.circle(center.x + 5, center.y - 3.5, 1.9), .gray(15))
    if earsHang {
      canvas.fill(
        .smooth(
          (center.x - 11, center.y - 9), (center.x - 3, center.y - 10), (center.x - 2, center.y + 8),
          (center.x - 9, center.y + 12), (center.x - 14, center.y + 2)), dark)
    }
    if hasCollar {
      canvas.fill(
        .stroke([center + Point(-13, 10), center + Point(-1, 15)], width: 4.5), collar)
    }
  }
}
