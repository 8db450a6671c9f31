/// What scenes show, with the names and ids that COCO has for it.
package enum SceneCategory: Int, CaseIterable, Sendable {
  case person = 1
  case bicycle = 2
  case car = 3
  case bus = 6
  case trafficLight = 10
  case stopSign = 13
  case dog = 18
  case clock = 85

  package var name: String {
    switch self {
    case .trafficLight: "traffic light"
    case .stopSign: "stop sign"
    default: "\(self)"
    }
  }

  /// One with colours, shape and pose of its own.
  func object(_ random: inout RandomSource) -> any SceneObject {
    switch self {
    case .person: PersonDrawing(&random)
    case .bicycle: BicycleDrawing(&random)
    case .car: random.chance(0.6) ? CarSideDrawing(&random) : CarFrontDrawing(&random)
    case .bus: random.chance(0.7) ? BusSideDrawing(&random) : BusFrontDrawing(&random)
    case .trafficLight: TrafficLightDrawing(&random)
    case .stopSign: StopSignDrawing(&random)
    case .dog: DogDrawing(&random)
    case .clock: ClockDrawing(&random)
    }
  }
}

/// Something to draw, in coordinates of its own: the origin is the middle of its lower edge, y runs downwards.
protocol SceneObject: Sendable {
  var width: Float { get }
  var height: Float { get }

  /// What belongs to it but is not part of it: a shadow, a pole.
  func drawSurroundings(on canvas: inout Canvas)
  func draw(on canvas: inout Canvas)
}

extension SceneObject {
  func drawSurroundings(on canvas: inout Canvas) {
    canvas.fill(.ellipse(0, 0, width * 0.54, height * 0.05), .gray(0), opacity: 0.32)
  }
}

extension RandomSource {
  mutating func pick<Element>(_ choices: [Element]) -> Element {
    choices[Int(next() % UInt64(choices.count))]
  }

  mutating func integer(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(next() % UInt64(range.count))
  }

  /// A colour with each channel in `range`.
  mutating func color(_ low: Float = 20, _ high: Float = 235) -> PaintColor {
    PaintColor(uniform(low, high), uniform(low, high), uniform(low, high))
  }

  /// A colour of cloth or paint: grey at times, else between muted and bright.
  mutating func paintColor() -> PaintColor {
    if chance(0.25) { return .gray(uniform(25, 240)) }
    let base = pick([
      0xC1_121F, 0xE0_4A2F, 0xE7_9A1C, 0xF2_C53A, 0x4C_9A4A, 0x2E_6F5E, 0x2F_6DB5, 0x24_3F73, 0x6B_4C9A,
      0xB0_5C8C, 0x8C_5A3C, 0x3F_A7B5,
    ])
    return PaintColor(base).mixed(color(), uniform(0, 0.35)).lighter(uniform(-0.25, 0.25))
  }
}
