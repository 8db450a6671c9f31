/// The wheel of a car or a bus.
struct WheelDrawing: Sendable {
  let rim: PaintColor
  let spokes: Int

  init(_ random: inout RandomSource) {
    rim = .gray(random.uniform(110, 210))
    spokes = random.pick([0, 0, 5, 6])
  }

  func draw(_ x: Float, _ y: Float, radius: Float, on canvas: inout Canvas) {
    canvas.fill(.circle(x, y, radius), PaintColor(0x16_181A))
    canvas.fill(.circle(x, y, radius * 0.5), rim)
    for spoke in 0..<spokes {
      let angle = 2 * Float.pi * Float(spoke) / Float(spokes)
      canvas.fill(
        .stroke([Point(x, y), Point(x, y).moved(radius * 0.45, angle: angle)], width: radius * 0.1),
        rim.lighter(-0.45))
    }
    canvas.fill(.circle(x, y, radius * 0.17), PaintColor(0x4A_4F55))
  }
}

/// Panes: dark with a lighter band, or bright as the sky.
struct GlassPaint: Sendable {
  let dark: PaintColor
  let light: PaintColor

  init(_ random: inout RandomSource) {
    if random.chance(0.7) {
      dark = PaintColor(0x1D_2832).lighter(random.uniform(0, 0.15))
      light = PaintColor(0x5D_7186).lighter(random.uniform(-0.2, 0.2))
    } else {
      dark = PaintColor(0x8F_B7D4).lighter(random.uniform(-0.2, 0.1))
      light = PaintColor(0xDC_EBF5)
    }
  }

  func paint(_ x: Float, _ y: Float, _ width: Float, _ height: Float) -> Paint {
    .linear(light, dark, from: Point(x, y), to: Point(x + width, y + height))
  }
}
