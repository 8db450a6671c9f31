/// A bus seen from the side, facing right, with one or two floors. 440 units long.
struct BusSideDrawing: SceneObject {
  private let color: PaintColor
  private let second: PaintColor
  private let glass: GlassPaint
  private let wheel: WheelDrawing
  private let windows: Int
  private let isDoubleDecker: Bool
  private let hasDoors: Bool

  let width: Float = 440
  let height: Float

  init(_ random: inout RandomSource) {
    color =
      random.chance(0.4) ? PaintColor(0xE7_9A1C).lighter(random.uniform(-0.2, 0.25)) : random.paintColor()
    second = random.chance(0.5) ? color.lighter(-0.75) : random.paintColor()
    glass = GlassPaint(&random)
    wheel = WheelDrawing(&random)
    windows = random.integer(3...6)
    isDoubleDecker = random.chance(0.2)
    hasDoors = random.chance(0.4)
    height = isDoubleDecker ? 355 : random.uniform(255, 285)
  }

  func draw(on canvas: inout Canvas) {
    let top = -height
    let paint = Paint.vertical(color.lighter(0.12), color.lighter(-0.24), top, -36)
    canvas.fill(
      .smooth(
        (-220, top + 24), (-216, top), (-190, top), (180, top), (210, top), (216, top + 60), (220, -120),
        (220, -40), (208, -36), (-208, -36), (-220, -44)), paint)
    drawRow(top + 36, on: &canvas)
    if isDoubleDecker { drawRow(top + 140, on: &canvas) }
    canvas.fill(.rectangle(-219, -118, 438, 9), second)
    canvas.fill(.rectangle(-219, -90, 438, 5), second)
    if hasDoors {
      for x in [-40, 120] as [Float] {
        canvas.fill(.rounded(x, -196, 52, 156, radius: 4), second)
        canvas.fill(.rectangle(x + 5, -190, 18, 144), glass.paint(x, -190, 40, 150))
        canvas.fill(.rectangle(x + 29, -190, 18, 144), glass.paint(x, -190, 40, 150))
      }
    }
    canvas.fill(.rounded(204, -92, 15, 20, radius: 3), PaintColor(0xFF_F3C4))
    canvas.fill(.rectangle(-219, -92, 8, 24), PaintColor(0xA4_161A))
    for x in [-128, 128] as [Float] { wheel.draw(x, -36, radius: 36, on: &canvas) }
  }

  private func drawRow(_ top: Float, on canvas: inout Canvas) {
    let pitch = 330 / Float(windows)
    for window in 0..<windows {
      let x = -200 + pitch * Float(window)
      canvas.fill(.rounded(x, top, pitch - 10, 70, radius: 6), glass.paint(x, top, pitch - 10, 70))
    }
    canvas.fill(
      .polygon((132, top), (196, top), (208, top + 85), (132, top + 85)), glass.paint(132, top, 70, 85))
  }
}

/// A bus seen from the front or the rear. 120 units wide.
struct BusFrontDrawing: SceneObject {
  private let color: PaintColor
  private let glass: GlassPaint
  private let isRear: Bool

  let width: Float = 120
  let height: Float

  init(_ random: inout RandomSource) {
    color =
      random.chance(0.4) ? PaintColor(0xE7_9A1C).lighter(random.uniform(-0.2, 0.25)) : random.paintColor()
    glass = GlassPaint(&random)
    isRear = random.chance(0.3)
    height = random.uniform(140, 185)
  }

  func draw(on canvas: inout Canvas) {
    let top = -height
    for x in [-50, 28] as [Float] { canvas.fill(.rounded(x, -20, 22, 20, radius: 3), PaintColor(0x16_181A)) }
    canvas.fill(
      .rounded(-56, top, 112, height - 9, radius: 12),
      Paint.vertical(color.lighter(0.15), color.lighter(-0.25), top, -10))
    canvas.fill(.rounded(-38, top + 7, 76, 15, radius: 3), .gray(22))
    for index in 0..<5 where !isRear {
      canvas.fill(.rectangle(-30 + 12 * Float(index), top + 11, 7, 7), PaintColor(0xFF_B52E))
    }
    let glassTop = top + 28
    let glassHeight = height * 0.42
    canvas.fill(
      .rounded(-49, glassTop, 98, glassHeight, radius: 6), glass.paint(-49, glassTop, 98, glassHeight))
    canvas.fill(.rectangle(-1.5, glassTop, 3, glassHeight), color.lighter(-0.5))
    for side in [-1, 1] as [Float] {
      canvas.fill(.rounded(side * 58 - 4, glassTop + 2, 8, 22, radius: 3), .gray(30))
      canvas.fill(
        .circle(side * 42, -28, 7), isRear ? PaintColor(0xC4_1A1E) : PaintColor(0xFF_F6D8))
    }
    canvas.fill(.rounded(-30, -36, 60, 16, radius: 3), color.lighter(-0.55))
    canvas.fill(.rectangle(-14, -17, 28, 6), .gray(235))
  }
}
