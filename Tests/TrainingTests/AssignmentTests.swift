import Foundation
import TestSupport
import Testing
import Training

@Suite("Assignments", .computing)
struct AssignmentTests {
  /// Three levels of an 128 x 128 input; every anchor predicts a box of one stride around its own centre.
  static let predictions: AnchorPredictions = {
    let anchors = [8, 16, 32].enumerated().flatMap { group, stride in
      (0..<(128 / stride) * (128 / stride)).map { place in
        AnchorPredictions.Anchor(
          stride: Float(stride), column: Float(place % (128 / stride)), row: Float(place / (128 / stride)),
          group: group)
      }
    }
    let count = anchors.count
    return AnchorPredictions(
      anchors: anchors, classCount: 2,
      raw: Array(repeating: Float(0.5), count: 2 * count) + Array(repeating: Float(0), count: 2 * count),
      objectness: Array(repeating: 0, count: count), classes: Array(repeating: 0, count: 2 * count))
  }()

  private func object(_ x: Float, _ y: Float, _ width: Float, _ height: Float) -> Target {
    Target(classIndex: 0, box: CenteredBox(x: x, y: y, width: width, height: height))
  }

  private func places(_ assignment: Assignment, of target: Int) -> [[Float]] {
    assignment.matches.filter { $0.target == target }.map {
      let anchor = AssignmentTests.predictions.anchors[$0.anchor]
      return [anchor.stride, anchor.column, anchor.row]
    }
  }

  @Test("centre only: one anchor, on the level of the object's size")
  func center() {
    let targets = [object(20, 44, 10, 30), object(70, 70, 200, 40), object(64, 64, 300, 300)]
    let assignment = CenterAssignment(reach: 0)(AssignmentTests.predictions, targets)
    #expect(places(assignment, of: 0) == [[8, 2, 5]])
    #expect(places(assignment, of: 1) == [[16, 4, 4]])
    #expect(places(assignment, of: 2) == [[32, 2, 2]])
  }

  @Test("3 x 3: nine anchors, fewer at the border; a contested one goes to the smaller object")
  func multi() {
    let targets = [object(20, 44, 10, 30), object(4, 4, 10, 10), object(36, 44, 8, 8)]
    let assignment = CenterAssignment(reach: 1)(AssignmentTests.predictions, targets)
    #expect(places(assignment, of: 1).count == 4)
    #expect(places(assignment, of: 2).count == 9)
    #expect(places(assignment, of: 0).count == 6)
    let own = assignment.matches.first {
      $0.target == 2 && AssignmentTests.predictions.anchors[$0.anchor].column == 4
    }
    // Its own cell predicts 8 x 8 round (36, 44): exactly the object.
    #expect(assignment.matches.contains { $0.target == 2 && $0.iou > 0.999 })
    #expect(own != nil)
  }

  @Test(
    "YOLOv3: the most similar shape's anchor in the centre's cell; others that cover the object are ignored")
  func shapes() {
    let anchors = (0..<9).flatMap { group in
      (0..<4).map {
        AnchorPredictions.Anchor(
          stride: [8, 16, 32][group / 3], column: Float($0 % 2), row: Float($0 / 2), group: group)
      }
    }
    let raw: [Float] = (0..<4).flatMap { channel in
      anchors.map { anchor -> Float in
        let shape = YOLOv3Assigner.shapes[anchor.group]
        // exp(raw) strides are the shape.
        return [0.5, 0.5, log(shape.width / anchor.stride), log(shape.height / anchor.stride)][channel]
      }
    }
    let predictions = AnchorPredictions(
      anchors: anchors, classCount: 1, raw: raw, objectness: Array(repeating: 0, count: 36),
      classes: Array(repeating: 0, count: 36))
    // 60 x 50: shape 62 x 45 (group 4, stride 16), centre in cell (1, 0).
    let assignment = YOLOv3Assigner()(predictions, [object(24, 8, 60, 50)])
    #expect(assignment.matches.map(\.anchor) == [4 * 4 + 1])
    #expect(assignment.ignored.contains(4 * 4) == (assignment.ignored.count > 0))
    #expect(!assignment.ignored.contains(4 * 4 + 1))
  }

  @Test("a transport plan keeps supplies and demands, and is nearly the cheapest of all")
  func transport() {
    var random = SplitMix64(seed: 4)
    let costs = (0..<3).map { _ in random.floats(6, in: 0...5) }
    let plan = sinkhorn(costs: costs, supplies: [1, 2, 3], smoothing: 0.02, iterations: 5000)
    for (row, supply) in zip(plan, [1.0, 2, 3]) { #expect(abs(row.reduce(0, +) - supply) < 1e-3) }
    for column in 0..<6 { #expect(abs(plan.reduce(0) { $0 + $1[column] } - 1) < 1e-3) }
    let found = (0..<3).reduce(0.0) { sum, row in
      sum + (0..<6).reduce(0) { $0 + plan[row][$1] * Double(costs[row][$1]) }
    }
    // Every way to give six columns to suppliers of one, two and three.
    var cheapest = Double.infinity
    for code in 0..<729 {
      let owners = (0..<6).map { code / [1, 3, 9, 27, 81, 243][$0] % 3 }
      guard (0..<3).allSatisfy({ row in owners.count { $0 == row } == row + 1 }) else { continue }
      cheapest = min(cheapest, (0..<6).reduce(0) { $0 + Double(costs[owners[$1]][$1]) })
    }
    #expect(found < cheapest + 0.1, "\(found), cheapest \(cheapest)")
  }

  @Test("OTA gives every object its best anchor, and no anchor to two")
  func ota() {
    let targets = [object(20, 44, 8, 8), object(100, 100, 16, 16), object(24, 44, 8, 8)]
    let assignment = OTA()(AssignmentTests.predictions, targets)
    #expect(Set(assignment.matches.map(\.anchor)).count == assignment.matches.count)
    #expect(places(assignment, of: 0).contains([8, 2, 5]))
    #expect(Set(assignment.matches.map(\.target)) == [0, 1, 2])
    #expect(OTA()(AssignmentTests.predictions, []).matches.isEmpty)
  }

  @Test("one to one: each object one anchor, the cheapest pair first, even at the same place")
  func oneToOne() {
    let targets = [object(20, 44, 8, 8), object(20, 44, 8, 8), object(100, 100, 16, 16)]
    let assignment = OneToOne()(AssignmentTests.predictions, targets)
    #expect(assignment.matches.map(\.target).sorted() == [0, 1, 2])
    #expect(Set(assignment.matches.map(\.anchor)).count == 3)
    #expect(places(assignment, of: 0) == [[8, 2, 5]])
  }
}
