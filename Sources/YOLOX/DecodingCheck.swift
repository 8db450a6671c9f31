import Checkpoints
import Engine
import PlatformC

/// Compares what a file makes of made-up predictions with what the authors' code makes of them. A file that decodes its
/// boxes in any other way is another network, however well its weights fit.
struct DecodingCheck {
  private let network: ExportedNetwork
  private let predictions: ExportedPredictions
  private let batch: Int
  /// Cells of each level.
  private var anchors: [Range<Int>] = []
  private var boxes: [BoxForm: [Float]] = [:]
  private var objectness: [ScoreForm: [Float]] = [:]
  private var classes: [ScoreForm: [Float]] = [:]
  private var probes: [Int: NumericTensor] = [:]

  private enum BoxForm: CaseIterable { case asPredicted, center, corners, cornersRowFirst }
  private enum ScoreForm: CaseIterable { case logit, probability, product }
  private enum Column { case box, center, size, objectness, classes }

  init(_ network: ExportedNetwork, _ predictions: ExportedPredictions) {
    self.network = network
    self.predictions = predictions
    batch = network.nodes[0].shape[0]
    makeProbes()
  }

  /// - Throws: ``ModelError/unusable(_:)`` naming an output that is none of boxes, objectness and classes as the authors'
  ///   network has them.
  func run() throws(ModelError) {
    let results: [ExportedDecoding.Result]
    do { results = try network.decoding.evaluate(probes) } catch { throw .unreadable(error) }
    var seen = Set<Column>()
    for result in results {
      guard let columns = columns(of: result.tensor) else {
        let place =
          result.selector.map { "what '\($0)' reads as '\(result.name)'" } ?? "the output '\(result.name)'"
        if columns(of: result.tensor.squared) != nil {
          throw .unusable(
            "\(place) \(result.tensor.shape) are the square roots of YOLOX's scores, so that thresholds would have another meaning; export the model without its own selection of boxes"
          )
        }
        throw .unusable(
          "\(place) \(result.tensor.shape) is not made of boxes, objectness and classes in the way of YOLOX; a file that decodes otherwise would give wrong boxes"
        )
      }
      seen.formUnion(columns)
    }
    guard seen.contains(.box) || (seen.contains(.center) && seen.contains(.size)), seen.contains(.objectness),
      seen.contains(.classes)
    else { throw .unusable("its outputs do not have boxes, objectness and classes, all three") }
  }

  /// As many different numbers hardly ever meet in two columns by accident.
  private static let tableBits = 14

  private mutating func makeProbes() {
    // Numbers of a table, so that the saturation of each is computed once.
    let table = (0..<1 << DecodingCheck.tableBits).map {
      4 * Float($0) / Float(1 << DecodingCheck.tableBits) - 2
    }
    let saturated = table.map(sigmoid)
    var state: UInt64 = 7
    func place() -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407  // Knuth, TAOCP 3.3.4, MMIX
      return Int(state >> (64 - DecodingCheck.tableBits))
    }
    let cellCount = predictions.levels.reduce(0) { count, level in
      let shape = network.nodes[level.box].shape
      return count + shape[2] * shape[3]
    }
    var (seen, likely) = ([Float](), [Float]())
    var (raw, center, objects, names) = ([Float](), [Float](), [Float](), [Float]())
    names.reserveCapacity(cellCount * predictions.classCount)
    likely.reserveCapacity(cellCount * predictions.classCount)
    for (level, stride) in zip(predictions.levels, Stride.levels) {
      let shape = network.nodes[level.box].shape
      let (height, width) = (shape[2], shape[3])
      let cells = height * width
      var planes: [[Int]] = []
      for (node, channels) in [
        (level.box, 4), (level.objectness, 1), (level.classes, predictions.classCount),
      ] {
        let places = (0..<channels * cells).map { _ in place() }
        let values = places.map { table[$0] }
        probes[node] = NumericTensor(
          shape: [batch, channels, height, width],
          floats: batch == 1 ? values : (0..<batch).flatMap { _ in values })
        planes.append(places)
      }
      let scale = Float(stride)
      for cell in 0..<cells {
        let box = (0..<4).map { table[planes[0][$0 * cells + cell]] }
        raw += box
        center += [
          (box[0] + Float(cell % width)) * scale, (box[1] + Float(cell / width)) * scale, exp(box[2]) * scale,
          exp(box[3]) * scale,
        ]
        for index in 0..<predictions.classCount {
          let place = planes[2][index * cells + cell]
          names.append(table[place])
          likely.append(saturated[place])
        }
      }
      objects += planes[1].map { table[$0] }
      seen += planes[1].map { saturated[$0] }
      anchors.append((anchors.last?.upperBound ?? 0)..<objects.count)
    }
    boxes = [.asPredicted: raw, .center: center]
    var (corners, rowFirst) = ([Float](), [Float]())
    for start in stride(from: 0, to: center.count, by: 4) {
      let (x, y, w, h) = (center[start], center[start + 1], center[start + 2] / 2, center[start + 3] / 2)
      corners += [x - w, y - h, x + w, y + h]
      rowFirst += [y - h, x - w, y + h, x + w]
    }
    boxes[.corners] = corners
    boxes[.cornersRowFirst] = rowFirst
    objectness = [.logit: objects, .probability: seen]
    classes = [.logit: names, .probability: likely]
    classes[.product] = likely.indices.map { likely[$0] * seen[$0 / predictions.classCount] }
  }

  /// Orders in which files join their columns.
  private static let layouts: [[Column]] = [
    [.box, .objectness, .classes], [.box], [.objectness], [.classes], [.box, .objectness],
    [.objectness, .classes],
    [.box, .classes], [.classes, .box, .objectness], [.classes, .objectness], [.objectness, .box, .classes],
    [.center],
    [.size], [.center, .objectness, .classes], [.classes, .objectness, .box], [.classes, .box],
  ]

  /// What `tensor` is made of, for all levels or one of them; `nil` if it is none of that.
  private func columns(of tensor: NumericTensor) -> [Column]? {
    let values = tensor.floats
    let total = anchors.last?.upperBound ?? 0
    guard values.count.isMultiple(of: batch), !values.isEmpty else { return nil }
    for range in [0..<total] + anchors {
      for layout in DecodingCheck.layouts {
        let columnCount = layout.reduce(0) { $0 + width($1) }
        guard values.count / batch == columnCount * range.count else { continue }
        for isChannelFirst in [false, true] {
          var found: [Column]? = []
          var offset = 0
          for column in layout {
            let form = forms(column).first { form in
              matches(
                values, form.values, column: column, offset: offset, columnCount: columnCount, anchors: range,
                isChannelFirst: isChannelFirst)
            }
            guard let form else {
              found = nil
              break
            }
            found?.append(column)
            if form.hasObjectness { found?.append(.objectness) }
            offset += width(column)
          }
          if let found { return found }
        }
      }
    }
    return nil
  }

  private func width(_ column: Column) -> Int {
    switch column {
    case .box: 4
    case .center, .size: 2
    case .objectness: 1
    case .classes: predictions.classCount
    }
  }

  /// What a column may hold, and whether objectness is multiplied in.
  private func forms(_ column: Column) -> [(values: [Float], hasObjectness: Bool)] {
    switch column {
    case .box: boxes.values.map { ($0, false) }
    case .center, .size: [boxes[.asPredicted], boxes[.center]].compactMap { $0.map { ($0, false) } }
    case .objectness: objectness.values.map { ($0, false) }
    case .classes: classes.map { ($1, $0 == .product) }
    }
  }

  private func matches(
    _ values: [Float], _ expected: [Float], column: Column, offset: Int, columnCount: Int,
    anchors: Range<Int>,
    isChannelFirst: Bool
  ) -> Bool {
    let (width, perAnchor) = (width(column), column == .center || column == .size ? 4 : width(column))
    let first = column == .size ? 2 : 0
    let size = values.count / batch
    for image in 0..<batch {
      for anchor in 0..<anchors.count {
        for index in 0..<width {
          let position =
            isChannelFirst ? (offset + index) * anchors.count + anchor : anchor * columnCount + offset + index
          let wanted = expected[(anchors.lowerBound + anchor) * perAnchor + first + index]
          guard abs(values[image * size + position] - wanted) <= 2e-3 * max(1, abs(wanted)) else {
            return false
          }
        }
      }
    }
    return true
  }
}

extension NumericTensor {
  fileprivate var squared: NumericTensor { NumericTensor(shape: shape, floats: floats.map { $0 * $0 }) }
}
