/*
 * Terms, leases and promotions (S1, S2, S3, and the guard of S4) as a model that spin searches to the end: voters a, b and w,
 * of which a and b can serve, two controllers that each believe to lead, and a network that loses, delays, reorders and
 * repeats. Each part names the file and the rule of the code that it abstracts. variants.ts lists what is checked with
 * it; docs/safety.md says what follows from it and what does not.
 *
 * What is abstracted, and why no behaviour that could break a rule is lost:
 *
 * - Messages. What was sent once stays deliverable: at any time, any number of times, or never. No channel is needed.
 * - Controllers remember nothing. At any time either may ask any voter for any term for any node, and forget it again: all
 *   that decide.ts, knowledge.ts, commands.ts, reassert.ts, the store, an operator or a restart could lead to is among that.
 *   What is known of releases is always the newest: who knows less only waits longer.
 * - Time is a tick that every countdown hears of; between two ticks anything may happen, any number of times. Nobody
 *   has to act in time: a slow, frozen or dead agent is one that does not act. What ends by itself is ended by the kernel
 *   (guardFor). Of two clocks one may lose DRIFT against the other during a hold, and it is always the voter's hold that ends
 *   early: a hold that lasts longer only refuses more, and a refusal does what a lost request does.
 * - What only serves longer stands for what serves shorter: a promotion takes no time, an answer is counted at once, a node
 *   closes nothing but to give its term back. So `stopping` is an active that asks no more, and a hand-over is its end.
 * - Servers, endpoints and data are left out. A node serves exactly while its guard is open (its gate is open as long), and
 *   whether the servers of a restarted agent are still active is open: it may resume, or stop.
 *
 * Bounds: terms up to TERMS, RESTARTS restarts (a voter together with its agent), a lease of LEASE ticks, a slack of SLACK.
 */

#ifndef TERMS
#define TERMS 2
#endif
#ifndef RESTARTS
#define RESTARTS 1
#endif
#ifndef LEASE
#define LEASE 2
#endif
#ifndef SLACK
#define SLACK 1
#endif
#define DRIFT 1
#define STILL_RENEWING 1

/* agent/core/lease.ts holdMsOf, counted in true time by the voter with the fastest clock */
#ifdef MUTANT_NO_MARGIN
#define MARGIN 0
#else
#define MARGIN DRIFT
#endif
#ifdef MUTANT_SLACK_NOT_DECLARED
#define HOLD (LEASE + MARGIN - DRIFT)
#else
#define HOLD (LEASE + SLACK + MARGIN - DRIFT)
#endif
/* protocol/cluster.ts quorumOf */
#ifdef MUTANT_ONE_GRANT_IS_ENOUGH
#define LEASE_QUORUM 1
#else
#define LEASE_QUORUM 2
#endif
#ifdef MUTANT_ONE_VOTER_IS_ENOUGH
#define TERM_QUORUM 1
#else
#define TERM_QUORUM 2
#endif

#define A 0
#define B 1
#define W 2
#define NOBODY 2
#define NAME(v) ((v) == W -> 119 : 97 + (v))

#define BIT(n) (1 << (n))
#define HAS(set, n) (((set) >> (n)) & 1)
#define COUNT(set) (((set) & 1) + (((set) >> 1) & 1) + (((set) >> 2) & 1))

/* agent/core/state.ts PhaseState */
#define BACKUP 0
#define STARTING 1
#define RESUMING 2
#define ACQUIRING 3
#define ACTIVE 4

/* agent/core/voter.ts VoterRecord (durable), then agent/core/voter.ts GrantState (not): one grant whose holder is known, and after a restart perhaps one more */
typedef Voter {
  byte term;
  byte holder = NOBODY;
  bool clear = true;
  byte grantHolder = NOBODY;
  byte grantTerm;
  byte grantFor;
#ifdef ONLY_LOST
  bool renewed;
#endif
  byte unknownFor
}

typedef Agent {
  byte phase = BACKUP;
  byte term;
  /* agent/core/lease.ts Lease: until it has ended and the slack is over */
  byte endFor;
  /* its last round: what is left of a lease from the moment it was sent, and who granted it */
  byte roundFor;
  byte grantedBy;
  /* the kernel's guard, which outlives the agent */
  byte guardFor;
  /* after a restart: when the guard of the life before is certainly shut (giveUpAtMs) */
  byte oldGuardFor;
  /* durable */
  byte ownRelease;
  /* by term, and deliverable from then on: lease requests, orders to promote, releases */
  byte asked;
  byte ordered;
  byte released
}

/* controller/core/state.ts Operation in the stage takingTerm; term 0: none */
typedef Controller {
  byte term;
  byte holder = NOBODY;
  byte acceptedBy;
  /* these voters restarted since: what they reported is taken to be over */
  byte overBy
}

Voter voter[3];
Agent agent[2];
Controller controller[2];
byte restarts;
#ifdef REACH
byte servedIn[2];
byte ticks;
byte resumed;
#endif

#define SERVES(n) (agent[n].guardFor > 0)
#define HELD(n) (agent[n].endFor > SLACK)
/* agent/core/unit.ts stepUnit, time first: an active whose lease is over does nothing but stop. */
#define TIMELY(n) (agent[n].phase >= RESUMING && (agent[n].phase != ACTIVE || HELD(n)))

/* 0 between two steps */
byte others;
byte x;

/* ---- voters: agent/core/voter.ts ---- */

inline noGrant (v) {
  voter[v].grantHolder = NOBODY;
  voter[v].grantTerm = 0;
  voter[v].grantFor = 0;
#ifdef ONLY_LOST
  voter[v].renewed = false
#endif
}

/* agent/core/voter.ts runningGrants: a grant that a release proves over is left out (S3). */
inline leaveOut (v) {
  if
#ifdef MUTANT_LEFT_OUT_WITHOUT_RELEASE
  :: voter[v].grantFor > 0 -> noGrant(v)
#endif
  :: voter[v].grantFor > 0 && HAS(agent[voter[v].grantHolder % 2].released, voter[v].grantTerm) -> noGrant(v)
  :: else
  fi
}

/* agent/core/voter.ts adopt */
inline learn (v, t, h) {
  if
  :: voter[v].term < t ->
    voter[v].term = t;
    voter[v].holder = h;
    voter[v].clear = !others
  :: else
  fi
}

/* agent/core/voter.ts acceptTerm, controller/core/operation.ts askTerm, controller/core/operation.ts termAnswered: S1 */
#ifdef MUTANT_VOTER_ACCEPTS_SECOND_HOLDER
#define NEWER(v, t, h) (voter[v].term < t || (voter[v].term == t && voter[v].holder != h))
#else
#define NEWER(v, t, h) (voter[v].term < t)
#endif
#ifdef ONLY_LOST
#ifdef MUTANT_LOST_IS_BELIEVED
#define SEES_IT_RENEW(v) false
#else
#define SEES_IT_RENEW(v) (voter[v].renewed && voter[v].grantFor > HOLD - STILL_RENEWING && !HAS(agent[voter[v].grantHolder % 2].released, voter[v].grantTerm))
#endif
#else
#define SEES_IT_RENEW(v) false
#endif
#define CAN_ACCEPT(c, v, t, h) (NEWER(v, t, h) && !SEES_IT_RENEW(v) && !HAS(controller[c].acceptedBy, v) && \
  (controller[c].term == 0 || (controller[c].term == t && controller[c].holder == h)))

inline termAsked (c, v, t, h) {
  leaveOut(v);
  others = (voter[v].grantFor > 0 || voter[v].unknownFor > 0);
  printf("NOTE voter %c accepts term %d for %c (earlier grants of it may run: %d)\n", NAME(v), t, NAME(h), others);
#ifdef MUTANT_VOTER_ACCEPTS_SECOND_HOLDER
  voter[v].holder = h;
#endif
  learn(v, t, h);
  controller[c].term = t;
  controller[c].holder = h;
  controller[c].acceptedBy = controller[c].acceptedBy | BIT(v);
#ifdef ONLY_LOST
  /* no outage made by the control plane: who was renewed by a majority just now is not superseded */
  assert(COUNT(controller[c].acceptedBy) != TERM_QUORUM || restarts > 0 || agent[1 - h].term > t || agent[1 - h].endFor <= LEASE - STILL_RENEWING + SLACK)
#endif
}

/* agent/core/voter.ts grantLease: S2 */
#ifdef MUTANT_VOTER_GRANTS_SECOND_HOLDER
#define CAN_ANSWER_LEASE(v, t, h) (voter[v].term <= t)
#else
#ifdef MUTANT_VOTER_GRANTS_OLDER_TERM
#define CAN_ANSWER_LEASE(v, t, h) (voter[v].term != t || voter[v].holder == h)
#else
#define CAN_ANSWER_LEASE(v, t, h) (voter[v].term < t || (voter[v].term == t && voter[v].holder == h))
#endif
#endif
#ifdef MUTANT_VOTER_GRANTS_WHILE_ANOTHER_RUNS
#define REFUSES false
#else
#define REFUSES others
#endif

inline leaseAsked (v, t, h) {
  leaveOut(v);
  others = (voter[v].unknownFor > 0 || (voter[v].grantFor > 0 && voter[v].grantHolder != h));
  learn(v, t, h);
  others = REFUSES;
  if
  :: others -> printf("NOTE voter %c learns term %d of %c and grants nothing: another grant runs\n", NAME(v), t, NAME(h))
  :: else ->
    voter[v].grantHolder = h;
    voter[v].grantTerm = t;
    voter[v].grantFor = HOLD;
#ifdef ONLY_LOST
    voter[v].renewed = true;
#endif
    voter[v].unknownFor = 0;
    printf("NOTE voter %c grants %c the lease of term %d\n", NAME(v), NAME(h), t)
  fi
}

/* agent/core/voter.ts acceptRelease at a voter that had not heard of the term; at the others the release is known already (see leaveOut) */
inline releaseTold (v, t, h) {
  leaveOut(v);
  others = (voter[v].grantFor > 0 || voter[v].unknownFor > 0);
  learn(v, t, h)
}

/* agent/core/voter.ts restartVoter: the record is durable, the grants are not, so a full hold is assumed for each that may run: S3 */
inline restartVoter (v) {
  printf("NOTE voter %c restarts\n", NAME(v));
  restarts++;
  noGrant(v);
  voter[v].unknownFor = 0;
#ifdef MUTANT_RESTART_FORGETS_TERM
  voter[v].term = 0;
  voter[v].holder = NOBODY;
#endif
#ifndef MUTANT_RESTART_SAYS_NO_GRANT
  if
  :: voter[v].term > 0 ->
    voter[v].grantHolder = voter[v].holder;
    voter[v].grantTerm = voter[v].term;
    voter[v].grantFor = HOLD
  :: else
  fi;
#ifndef MUTANT_RESTART_FORGETS_EARLIER_TERMS
  voter[v].unknownFor = (voter[v].clear -> 0 : HOLD);
#endif
#endif
  controller[0].overBy = controller[0].overBy | (controller[0].acceptedBy & BIT(v));
  controller[1].overBy = controller[1].overBy | (controller[1].acceptedBy & BIT(v))
}

/* ---- agents ---- */

inline enter (h, p, t) {
  agent[h].phase = p;
  agent[h].term = t;
  agent[h].endFor = 0;
  agent[h].roundFor = 0;
  agent[h].grantedBy = 0;
  agent[h].oldGuardFor = 0
}

/* agent/core/rounds.ts sendRound: the own vote is cast in the same breath */
inline sendRound (h) {
  x = agent[h].term;
  printf("NOTE %c sends a round in term %d\n", NAME(h), x);
  agent[h].asked = agent[h].asked | BIT(x);
  agent[h].roundFor = LEASE;
#ifndef MUTANT_OLD_ROUNDS_COUNT
  agent[h].grantedBy = 0;
#endif
  others = true;
  if
  :: CAN_ANSWER_LEASE(h, x, h) -> leaseAsked(h, x, h)
  :: else
  fi;
  if
  :: others
  :: else -> agent[h].grantedBy = agent[h].grantedBy | BIT(h)
  fi;
  countGrants(h)
}

inline roundAnswered (h, v) {
  x = agent[h].term;
  leaseAsked(v, x, h);
  if
  :: others
  :: else -> agent[h].grantedBy = agent[h].grantedBy | BIT(v)
  fi;
  countGrants(h)
}

#ifdef MUTANT_COUNTED_FROM_ARRIVAL
#define LEASE_LEFT(h) LEASE
#else
#define LEASE_LEFT(h) agent[h].roundFor
#endif

#ifdef REACH
/* Conditions that must be reachable, at the moment at which h comes to serve. */
#define OTHER(h) (1 - (h))
/* a lost node: it did not give back what it served in */
#define A_FAILOVER (servedIn[OTHER(h)] != 0 && agent[OTHER(h)].ownRelease == 0)
/* no tick: nothing was waited for */
#define A_SWITCHOVER (ticks == 0 && servedIn[OTHER(h)] != 0 && HAS(servedIn[OTHER(h)], agent[OTHER(h)].ownRelease))
#define THE_NEXT_CANDIDATE (ticks == 0 && servedIn[OTHER(h)] == 0 && agent[OTHER(h)].ownRelease > 0)
#define A_RESUMED_TERM (HAS(resumed, h) && HAS(servedIn[h], agent[h].term))
#define A_REASSERTED_TERM (ticks == 0 && servedIn[h] != 0 && !HAS(servedIn[h], agent[h].term) && agent[h].ownRelease == 0 && restarts == 0)
#endif

/* agent/core/lease.ts countGrant: to a lease after the round was sent; agent/core/rounds.ts extendGuard; agent/core/serving.ts promotionStageEnded */
inline countGrants (h) {
  if
  :: COUNT(agent[h].grantedBy) >= LEASE_QUORUM ->
    agent[h].endFor = (agent[h].endFor > LEASE_LEFT(h) + SLACK -> agent[h].endFor : LEASE_LEFT(h) + SLACK);
    agent[h].guardFor = (agent[h].guardFor > agent[h].endFor -> agent[h].guardFor : agent[h].endFor);
    agent[h].phase = ACTIVE;
    agent[h].oldGuardFor = 0;
    agent[h].roundFor = 0;
#ifndef MUTANT_OLD_ROUNDS_COUNT
    agent[h].grantedBy = 0;
#endif
    printf("NOTE %c serves in term %d, for %d at most\n", NAME(h), agent[h].term, agent[h].guardFor);
    assert(!(SERVES(A) && SERVES(B)));
    assert(!HAS(agent[h].released, agent[h].term));
#ifdef REACH
    assert(!(REACH));
    servedIn[h] = servedIn[h] | BIT(agent[h].term)
#endif
  :: else
  fi
}

/* agent/core/orders.ts takeOrder, case promote */
#ifdef MUTANT_RELEASED_TERM_IS_TAKEN_UP
#define NOT_RELEASED(h, t) true
#else
#define NOT_RELEASED(h, t) (t > agent[h].ownRelease)
#endif
#define CAN_TAKE_ORDER(h, t) (HAS(agent[h].ordered, t) && agent[h].phase == BACKUP && t >= voter[h].term && NOT_RELEASED(h, t) && \
  !(t == voter[h].term && voter[h].holder != h))

inline takeOrder (h, t) {
  printf("NOTE %c takes the order to promote in term %d\n", NAME(h), t);
  enter(h, ACQUIRING, t);
  sendRound(h)
}

/* agent/core/rounds.ts adoptTerm: on the word of one voter */
#define CAN_ADOPT(h, v) (TIMELY(h) && voter[v].holder == h && voter[v].term > agent[h].term)

inline adoptTerm (h, v) {
  agent[h].term = voter[v].term;
  printf("NOTE %c goes on under term %d, of which voter %c told it\n", NAME(h), agent[h].term, NAME(v));
  sendRound(h)
}

/* agent/core/serving.ts giveBack: final, and stored before anybody hears of it (S2). It tells everybody that this node does not serve (S3). */
inline giveBack (h) {
  x = agent[h].term;
  printf("NOTE %c gives back term %d\n", NAME(h), x);
  assert(!SERVES(h));
  agent[h].ownRelease = x;
  agent[h].released = agent[h].released | BIT(x);
  releaseTold(h, x, h);
  enter(h, BACKUP, 0)
}

/* agent/core/serving.ts beginStop, agent/core/serving.ts stopTerm: shut, and seen to be shut */
inline shut (h) {
#ifdef MUTANT_GIVEN_BACK_BEFORE_SHUT
  skip
#else
  agent[h].guardFor = 0
#endif
}

/* agent/core/serving.ts finishStop, how `lapsed`: the kernel has shut it by then */
#ifdef MUTANT_RESUMED_STOP_IS_CERTAIN_AT_ONCE
#define CERTAIN(h) (agent[h].endFor == 0)
#else
#define CERTAIN(h) (agent[h].endFor == 0 && agent[h].oldGuardFor == 0)
#endif

inline restartAgent (h) {
  restartVoter(h);
#ifdef MUTANT_RELEASE_NOT_STORED
  agent[h].ownRelease = 0;
#endif
  enter(h, STARTING, 0)
}

/* agent/core/watch.ts afterStart: resumes its own term, or stops in it; else it is a backup */
#define MINE(h) (voter[h].holder == h && voter[h].term > agent[h].ownRelease)

inline afterStart (h) {
  if
  :: MINE(h) ->
    x = voter[h].term;
    printf("NOTE %c is up and its term %d was not given back\n", NAME(h), x);
    enter(h, RESUMING, x);
    agent[h].oldGuardFor = LEASE + SLACK;
#ifdef REACH
    resumed = resumed | (HAS(servedIn[h], x) << h)
#endif
  :: else ->
    printf("NOTE %c is up as a backup\n", NAME(h));
    enter(h, BACKUP, 0)
  fi
}

/* ---- controllers: controller/core/operation.ts ---- */

/*
 * controller/core/operation.ts waitUntilMs: the controller's wait for what a voter reported ends when the voter's own hold does (both add the margin for
 * clock rates); a voter that restarted assumes more than it had reported, and then the model lets the controller wait for nothing.
 */
#ifdef MUTANT_CONTROLLER_DOES_NOT_WAIT
#define OVER(c, v) HAS(controller[c].acceptedBy, v)
#else
#define OVER(c, v) (HAS(controller[c].acceptedBy, v) && (HAS(controller[c].overBy, v) || \
  (voter[v].unknownFor == 0 && (voter[v].grantFor == 0 || voter[v].grantTerm >= controller[c].term))))
#endif

inline forget (c) {
  controller[c].term = 0;
  controller[c].holder = NOBODY;
  controller[c].acceptedBy = 0;
  controller[c].overBy = 0
}

/* controller/core/operation.ts progressTerm, controller/core/operation.ts promote; an operation that can get no majority any more is forgotten */
#define MAY_ACCEPT(c, v) (HAS(controller[c].acceptedBy, v) || NEWER(v, controller[c].term, controller[c].holder))

inline progress (c) {
  if
  :: controller[c].term > 0 && OVER(c, A) + OVER(c, B) + OVER(c, W) >= TERM_QUORUM ->
    printf("NOTE a controller orders %c to promote in term %d\n", NAME(controller[c].holder), controller[c].term);
    assert(!HAS(agent[1 - controller[c].holder].ordered, controller[c].term));
    agent[controller[c].holder].ordered = agent[controller[c].holder].ordered | BIT(controller[c].term);
    forget(c)
  :: controller[c].term > 0 && MAY_ACCEPT(c, A) + MAY_ACCEPT(c, B) + MAY_ACCEPT(c, W) < TERM_QUORUM -> forget(c)
  :: else
  fi
}

/* ---- fewer states: what can make no difference any more is forgotten, and the two controllers are alike ---- */

#define SWAP(one, two) x = one; one = two; two = x;
#define RANK(c) (controller[c].term * 512 + controller[c].holder * 64 + controller[c].acceptedBy * 8 + controller[c].overBy)
#define PAST(t) (voter[A].term >= t && voter[B].term >= t && voter[W].term >= t)
#define NAMES(v, h, t) ((voter[v].term == t && voter[v].holder == h) || (voter[v].grantTerm == t && voter[v].grantHolder == h))
#ifdef MUTANT
#define FORGET(h, t)
#else
#define FORGET(h, t) \
  if \
  :: PAST(t) -> agent[h].asked = agent[h].asked & ~BIT(t) \
  :: else \
  fi; \
  if \
  :: PAST(t) && !NAMES(A, h, t) && !NAMES(B, h, t) && !NAMES(W, h, t) -> agent[h].released = agent[h].released & ~BIT(t) \
  :: else \
  fi; \
  if \
  :: t < voter[h].term || t <= agent[h].ownRelease || (t == voter[h].term && voter[h].holder != h) -> agent[h].ordered = agent[h].ordered & ~BIT(t) \
  :: else \
  fi;
#endif

inline settle () {
  progress(0);
  progress(1);
  if
  :: RANK(0) > RANK(1) ->
    SWAP(controller[0].term, controller[1].term)
    SWAP(controller[0].holder, controller[1].holder)
    SWAP(controller[0].acceptedBy, controller[1].acceptedBy)
    SWAP(controller[0].overBy, controller[1].overBy)
  :: else
  fi;
  FORGET(A, 1) FORGET(A, 2) FORGET(B, 1) FORGET(B, 2)
#if TERMS > 2
  FORGET(A, 3) FORGET(B, 3)
#endif
  x = 0;
  others = 0
}

/* ---- time ---- */

#define DOWN(countdown) countdown = (countdown > 0 -> countdown - 1 : 0);
#define TICK_VOTER(v) \
  DOWN(voter[v].grantFor) DOWN(voter[v].unknownFor) \
  if \
  :: voter[v].grantFor == 0 -> noGrant(v) \
  :: else \
  fi;
#ifdef MUTANT_NO_GUARD
#define DOWN_GUARD(h)
#else
#define DOWN_GUARD(h) DOWN(agent[h].guardFor)
#endif
#define TICK_AGENT(h) \
  DOWN(agent[h].endFor) DOWN(agent[h].roundFor) DOWN(agent[h].oldGuardFor) DOWN_GUARD(h) \
  if \
  :: agent[h].roundFor == 0 -> agent[h].grantedBy = 0 \
  :: else \
  fi;

/* ---- what may happen ---- */

#define TERM_ASKED(h, t, v) \
  :: d_step { CAN_ACCEPT(0, v, t, h) -> termAsked(0, v, t, h) } \
  :: d_step { RANK(0) != RANK(1) && CAN_ACCEPT(1, v, t, h) -> termAsked(1, v, t, h) }
#define LATE_REQUEST(h, t, v) :: d_step { HAS(agent[h].asked, t) && voter[v].term < t -> leaseAsked(v, t, h) }
#define LATE_RELEASE(h, t, v) :: d_step { HAS(agent[h].released, t) && voter[v].term < t -> releaseTold(v, t, h) }
#define MESSAGES(h, t) \
  TERM_ASKED(h, t, A) TERM_ASKED(h, t, B) TERM_ASKED(h, t, W) \
  LATE_REQUEST(h, t, A) LATE_REQUEST(h, t, B) LATE_REQUEST(h, t, W) \
  LATE_RELEASE(h, t, A) LATE_RELEASE(h, t, B) LATE_RELEASE(h, t, W) \
  :: d_step { CAN_TAKE_ORDER(h, t) -> takeOrder(h, t) }
#define VOTERS(h, v) \
  :: d_step { TIMELY(h) && agent[h].roundFor > 0 && !HAS(agent[h].grantedBy, v) && CAN_ANSWER_LEASE(v, agent[h].term, h) -> roundAnswered(h, v) } \
  :: d_step { CAN_ADOPT(h, v) -> adoptTerm(h, v) }
#define AGENT(h) \
  VOTERS(h, A) VOTERS(h, B) VOTERS(h, W) \
  :: d_step { TIMELY(h) && agent[h].roundFor < LEASE -> sendRound(h) } \
  :: d_step { agent[h].phase == ACQUIRING -> giveBack(h) } \
  :: d_step { agent[h].phase == ACTIVE || agent[h].phase == RESUMING -> shut(h); giveBack(h) } \
  :: d_step { (agent[h].phase == ACTIVE || agent[h].phase == RESUMING) && CERTAIN(h) -> giveBack(h) } \
  :: d_step { agent[h].phase == STARTING -> afterStart(h) } \
  :: d_step { restarts < RESTARTS -> restartAgent(h) }

active proctype world () {
#ifdef FROM_TERM_1
  /* the first start is over: a was ordered to serve in term 1, and nobody has asked for a lease yet */
  d_step {
    voter[A].term = 1; voter[B].term = 1; voter[W].term = 1;
    voter[A].holder = A; voter[B].holder = A; voter[W].holder = A;
    agent[A].ordered = BIT(1)
  }
#endif
  do
  :: atomic {
    if
    MESSAGES(A, 1) MESSAGES(B, 1) MESSAGES(A, 2) MESSAGES(B, 2)
#if TERMS > 2
    MESSAGES(A, 3) MESSAGES(B, 3)
#endif
    AGENT(A) AGENT(B)
    :: d_step { restarts < RESTARTS -> restartVoter(W) }
    :: d_step { controller[0].term > 0 -> forget(0) }
    :: d_step { controller[1].term > 0 -> forget(1) }
    :: d_step {
      printf("NOTE a tick of time\n");
#ifdef REACH
      ticks = 1;
#endif
      TICK_VOTER(A) TICK_VOTER(B) TICK_VOTER(W)
      TICK_AGENT(A) TICK_AGENT(B)
    }
    fi;
    d_step { settle() }
  }
  od
}
