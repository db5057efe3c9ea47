"""Career Advisor: answers about working on AI safety, from guidance that it has read.

Data flows one way; a module knows the nouns (`records`) and not its neighbours, and only `advisor` knows the order.

    files          corpus        -> Document          what is read, with title, address, author, date, licence
    chunking       Document      -> Passage, Window   sentences to quote; windows of several sizes point at them
    embedding      text          -> unit vectors
    index          all of these  -> a version on disk, complete or absent
    conversation   question, history -> Queries       the question as asked, and as it stands alone
    retrieval      Queries       -> Hit               several rankings, fused by measured weights
    grounding      question, Hit -> status            can these passages carry an answer?
    referral       question      -> Offer             decided before any model speaks, so no model can undo it
    choosing       question, Hit -> Hit               which of its sentences belong in the answer?
    answering      question, Hit -> DraftSentence     `quotes`: sentences of the passages, and our few words
    explaining     DraftSentence -> DraftSentence     the terms of the field in it, in the words of the index's glossary
    prompting      question, Hit -> messages, and a model's text -> DraftSentence
    translating    a model's text -> a question, or checked sentences, in another language, as far as it is the same
    llm            messages      -> text              the one door to LangChain chat models, and to the embedded one
    citation       drafts, Hit   -> Sentence, Citation   supported and cited, or dropped and counted
    summarising    what somebody said, a model -> Summary   sentence by sentence beside their own words
    advisor        all of these  -> Reply             two pages of prose in code: Advisor.reply
    opening        settings      -> an open advisor   every command that touches the disk
    evaluation     Reply, a test set -> scores        what the answers are worth, and whether they got better
    guided         answers, an advisor -> Sheet       three guided conversations, each with a document to take away
    web, cli       Reply, Sheet  -> what a person sees
    mcp, langchain  Reply, Hit   -> what a program is given
    operating      index, runs   -> what the operator sees, in an app of its own

Beside the flow: `records` (the nouns and the errors), `settings`, `models` (the weights' catalogue), `wire` (the JSON
of replies), `text` (words, names and amounts in a text), `languages` (which language a text is in), `rarity` (how much
a word says in an index), `reading` (does a sentence answer a question, or only come near it?), `listening` (what a
network hears in a message), `screening` (is a message a question at all?), `matching` (which services a message speaks
for), `glossing` (a question of another language, word by word), `rounding` (what was trained, in eight bits), `telling`
(which situations somebody's words tell of), `adapting` (where the answers to a question stand), `interaction` (which
sentences answer a message, word by word), `bounds` (what no guidance can do for anybody), `gaps` (of which kind is what
guidance leaves open?), `support` (does what a sentence cites carry it?), `spelling` (slips mended before the search),
`neutral` (text made safe to show), `links` (whether the registry's addresses answer), `feedback` (what people say of
answers, kept where the operator wants it, and draft cases made of it), `journal` (what was declined and how long
answers took, kept where the operator wants it), `spending` (what a language model uses, and what a conversation may use
of it), `extras` (what to type for a library that is not installed).
"""

__version__ = "0.1.0"
