import Engine
import Imaging
import Synchronization

/// Shape of the network's input for an image.
package enum InputShape: String, Sendable, CaseIterable {
  /// The model's input size, whatever the image: the authors' way, with their boxes.
  case square
  /// The smallest multiple of 32 pixels in each direction that holds the letterboxed image. The network computes less padding;
  /// zeros take its place at the edge, which changes scores slightly.
  case fit
}

/// A model's plans for input sizes smaller than its own. They share its weights; the least recently used one is dropped, so
/// that images of many shapes do not fill the memory.
final class ResizedPlans: Sendable {
  /// Maximum number of plans. A plan takes a few hundred kilobytes.
  static let limit = 16
  private let plans = Mutex<[Plan]>([])

  /// The plan of the network of `plan` for the input of `letterbox`.
  func plan(_ plan: Plan, for letterbox: Letterbox) throws(PlanError) -> Plan {
    let (height, width) = (letterbox.inputHeight, letterbox.inputWidth)
    func fits(_ plan: Plan) -> Bool { plan.inputShape[1] == height && plan.inputShape[2] == width }
    if fits(plan) { return plan }
    let known = plans.withLock { plans -> Plan? in
      guard let index = plans.firstIndex(where: fits) else { return nil }
      plans.append(plans.remove(at: index))
      return plans.last
    }
    if let known { return known }
    // Outside the lock: another thread may plan the same size, and either plan is right.
    let added = try plan.resized(height: height, width: width)
    plans.withLock { plans in
      if plans.count >= ResizedPlans.limit { plans.removeFirst() }
      plans.append(added)
    }
    return added
  }
}

extension Model {
  /// Where an image of that size goes in the network's input, and the plan for this input.
  func placement(imageWidth: Int, imageHeight: Int, shape: InputShape) -> (letterbox: Letterbox, plan: Plan) {
    let whole = Letterbox(
      imageWidth: imageWidth, imageHeight: imageHeight, inputWidth: inputSize.width,
      inputHeight: inputSize.height)
    guard shape == .fit else { return (whole, plan) }
    let cropped = whole.cropped(toMultiplesOf: Stride.coarsest)
    // Multiples of 32 can always be planned. If not, the whole input is right too.
    guard let plan = try? resizedPlans.plan(plan, for: cropped) else { return (whole, plan) }
    return (cropped, plan)
  }
}
