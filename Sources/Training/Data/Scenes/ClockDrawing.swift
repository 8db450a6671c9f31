/// A clock on a wall or on a post, round or square. 148 units wide.
struct ClockDrawing: SceneObject {
  private enum Marks: CaseIterable { case lines, dots, quarters, numerals }

  private let marks: Marks
  private let isSquare: Bool
  private let isDark: Bool
  private let rim: PaintColor
  private let dial: PaintColor
  private let hands: PaintColor
  private let rimWidth: Float
  private let hour: Float
  private let minute: Float
  private let hasSecondHand: Bool
  private let hasPost: Bool

  let width: Float = 148
  let height: Float = 148

  init(_ random: inout RandomSource) {
    marks = random.pick(Marks.allCases)
    isSquare = random.chance(0.15)
    isDark = random.chance(0.12)
    rim = random.chance(0.5) ? PaintColor(0x2F_2A25).lighter(random.uniform(0, 0.2)) : random.paintColor()
    dial =
      isDark
      ? .gray(random.uniform(20, 50)) : PaintColor(0xFF_FDF5).mixed(random.color(), random.uniform(0, 0.15))
    hands = isDark ? .gray(235) : .gray(random.uniform(5, 50))
    rimWidth = random.uniform(4, 15)
    minute = Float(random.integer(0...59))
    hour = Float(random.integer(0...11)) + minute / 60
    hasSecondHand = random.chance(0.35)
    hasPost = random.chance(0.25)
  }

  func drawSurroundings(on canvas: inout Canvas) {
    if hasPost { canvas.fill(.rectangle(-7, -20, 14, 400), PaintColor(0x2F_3336)) }
  }

  func draw(on canvas: inout Canvas) {
    let middle = Point(0, -74)
    let paint = Paint.radial(dial, dial.mixed(PaintColor(0xD9_CFB4), 0.45), center: middle, radius: 74)
    if isSquare {
      canvas.fill(.rounded(-74, -148, 148, 148, radius: 10), rim)
      canvas.fill(
        .rounded(-74 + rimWidth, -148 + rimWidth, 148 - 2 * rimWidth, 148 - 2 * rimWidth, radius: 6), paint)
    } else {
      canvas.fill(.circle(0, -74, 74), rim)
      canvas.fill(.circle(0, -74, 74 - rimWidth), paint)
    }
    for mark in 0..<12 { drawMark(mark, middle, on: &canvas) }
    func hand(_ turn: Float, _ length: Float, _ width: Float, _ color: PaintColor) {
      let angle = 2 * Float.pi * turn - .pi / 2
      canvas.fill(
        .stroke([middle.moved(-8, angle: angle), middle.moved(length, angle: angle)], width: width), color)
    }
    hand(hour / 12, 33, 8, hands)
    hand(minute / 60, 46, 5, hands)
    if hasSecondHand { hand((minute * 7 / 60), 50, 2.5, PaintColor(0xC4_1A1E)) }
    canvas.fill(.circle(middle.x, middle.y, 6), hands)
  }

  private func drawMark(_ mark: Int, _ middle: Point, on canvas: inout Canvas) {
    let angle = 2 * Float.pi * Float(mark) / 12
    let isQuarter = mark % 3 == 0
    switch marks {
    case .lines:
      canvas.fill(
        .stroke([middle.moved(isQuarter ? 45 : 49, angle: angle), middle.moved(56, angle: angle)], width: 4),
        hands)
    case .dots:
      let place = middle.moved(52, angle: angle)
      canvas.fill(.circle(place.x, place.y, isQuarter ? 4.5 : 2.8), hands)
    case .quarters:
      guard isQuarter else { return }
      canvas.fill(.stroke([middle.moved(42, angle: angle), middle.moved(56, angle: angle)], width: 7), hands)
    case .numerals:
      // Upright strokes, one or two: as numerals look from afar.
      let place = middle.moved(49, angle: angle)
      for x in mark % 4 == 1 ? [-3, 3] : [0] as [Float] {
        canvas.fill(.stroke([place + Point(x, -5), place + Point(x, 5)], width: 3.4), hands)
      }
    }
  }
}
