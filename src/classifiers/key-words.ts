/** The key words of each task in the languages we know a little of: English, Polish, German, Spanish, Chinese. Data only. */
import type { WordTable } from './word-finder.ts';

export const keyWords: WordTable = {
  triage: [
    'classify', 'classifies', 'classified', 'classification', 'classifier', 'categorize', 'categorise', 'categorized', 'category', 'categories', 'triage', 'sentiment', 'intent', 'intents', 'spam', 'route', 'routing',
    'label', 'labels', 'one of these', 'one of the following', 'exactly one', 'which of these', 'which queue', 'which team', 'which department', 'belongs to the', 'positive or negative', 'or neutral', 'treated as', 'falls under', 'fall under',
    'positive, negative', 'assign a', 'assign the', 'determine whether', 'determine the type', 'identify whether', 'urgent or', 'offensive or', 'urgency',
    'sklasyfikuj', 'klasyfik*', 'przypisz', 'kategori*', 'klassifizier*', 'einordnen', 'ordne', 'kategorisier*', 'clasifi*', 'categor*', 'etiqueta*',
    '分类', '归类', '类别', '分到', '意图', '情感倾向', '属于以下', '标签',
  ],
  summarize: [
    'summarize', 'summarise', 'summarized', 'summarizing', 'summary', 'summaries', 'tl;dr', 'tldr', 'key points', 'main points', 'key takeaways', 'condense', 'condensed', 'recap', 'gist', 'in brief', 'shorten this', 'abstract of', 'sum up', 'to sum up', 'in a nutshell', 'briefly describe', 'in a brief manner', 'outline of the following', 'outline of this', 'headline', 'title for', 'synthesize', 'synthesise', 'one sentence description', 'in one sentence', 'in a few points', 'too long', 'bullet points from', 'main idea',
    'give an overview of the following', 'streść', 'streszcz*', 'podsumuj*', 'podsumowan*', 'zusammenfass*', 'fasse', 'fass', 'kurzfassung', 'resume', 'resumen', 'resumir', 'resumas', 'resúmeme', 'sintetiza', '总结', '概括', '摘要', '概述', '归纳', '要点',
  ],
  review: [
    'review', 'reviewing', 'reviewer', 'audit', 'critique', 'any issues', 'any problems', 'feedback on', 'give me feedback', 'wrong with this', 'code smells', 'best practices', 'potential bugs', 'find bugs', 'vulnerabilit*', 'pull request', 'merge request', 'security issues', 'look over',
    'risks', 'is this code', 'is this good', 'can this be improved', 'lgtm', 'take a look', 'does this look', 'look right', 'look good', 'sound right', 'mejoras', 'malas prácticas', 'what do you think of this', 'code quality', 'evaluate this code', 'assess this code', 'improvements',
    'przejrzyj', 'zrecenzuj', 'recenzj*', 'oceń', 'uwagi', 'überprüf*', 'prüfe', 'begutachte', 'bewerte', 'revisa', 'revisar', 'revise', 'revisión', 'evalúa', '审查', '评审', '审核', '审阅', '代码质量', '检查以下代码', '检查这段代码',
  ],
  fix: [
    'fix', 'fixes', 'fixed', 'fixing', 'bug', 'bugs', 'buggy', 'debug', 'debugging', 'error', 'errors', 'failing', 'fails', 'failed', 'failure', 'broken', 'crash', 'crashes', 'crashing', 'regression', 'patch', 'repair', 'corrected', 'correct the', 'incorrect', 'exception', 'stack trace', 'traceback',
    "doesn't work", 'does not work', "isn't working", 'not working', "don't work", 'stopped working', "can't figure out", 'wrong answer', 'wrong output', 'troubleshoot', 'panic', 'segfault', 'typo', 'throws', 'throwing', 'resolve', 'off-by-one', 'memory leak', 'deadlock', 'race condition', 'unexpected',
    'napraw*', 'popraw', 'poprawić', 'błąd', 'błędy', 'błędu', 'błędem', 'nie działa', 'behebe*', 'beheben', 'fehler', 'fehlermeldung', 'reparier*', 'korrigier*', 'funktioniert nicht', 'corrige', 'corregir', 'arregla', 'arreglar', 'falla', 'fallo', 'no funciona', '修复', '报错', '错误', '调试', '修正', '失败', '改正', '有问题', '不工作',
  ],
  generate: [
    'write', 'writing', 'implement', 'implements', 'implementing', 'create', 'creating', 'generate', 'generates', 'build', 'building', 'develop', 'make', 'construct', 'add', 'optimize', 'optimise', 'convert', 'complete', 'design', 'define', 'declare', 'rewrite', 'refactor', 'port', 'translate', 'edit', 'modify', 'extend', 'produce',
    'napisz', 'stwórz', 'utwórz', 'zaimplementuj', 'implementuj', 'wygeneruj', 'zrób', 'dodaj', 'przepisz', 'schreib*', 'erstell*', 'implementier*', 'entwickle', 'generiere', 'programmiere', 'escribe', 'escribir', 'crea', 'crear', 'cree', 'implementa', 'implementar', 'genera', 'generar', 'desarrolla', 'haz', 'hago', '编写', '写', '实现', '创建', '生成', '开发', '设计', '制定', '搭建',
  ],
  ask: ['how', 'show', 'give', 'provide', 'need', 'want', 'help', 'given', 'example', 'explain', 'what', 'jak', 'pokaż', 'wie', 'zeige', 'como', 'cómo', 'dame', '怎么', '如何', '请', '给'],
  greeting: ['hi', 'hello', 'hey', 'thanks', 'thank', 'yes', 'no', 'ok', 'okay', 'continue', 'go', 'why', 'who', 'what', 'when', 'where', 'how', 'help', 'cześć', 'hej', 'dzięki', 'tak', 'nie', 'dalej', 'hallo', 'danke', 'ja', 'nein', 'weiter', 'hola', 'gracias', 'sí', 'sigue', '你', '谢', '好', '继', '吗'],
  notCode: ['zip code', 'zip codes', 'postal code', 'postal codes', 'qr code', 'qr codes', 'tracking code', 'promo code', 'discount code', 'country code', 'area code', 'dress code', 'error code', 'class of', 'first class', 'string quartet', 'tv program', 'training program'],
  code: [
    'function', 'functions', 'script', 'scripts', 'program', 'programme', 'pseudocode', 'algorithm', 'code', 'coding', 'codebase', 'sql', 'query', 'regex', 'regexp', 'regular expression', 'endpoint', 'api', 'sdk', 'cli', 'json', 'yaml', 'html', 'css', 'dockerfile', 'makefile', 'unit test', 'unit tests', 'test case', 'test cases', 'component', 'middleware', 'decorator', 'class', 'subclass',
    'method', 'array', 'arrays', 'tuple', 'tuples', 'linked list', 'binary tree', 'binary search', 'hash map', 'hashmap', 'dataframe', 'lambda', 'loop', 'recursion', 'recursive', 'compiler', 'compile', 'parser', 'library', 'framework', 'plugin', 'repository', 'git', 'commit', 'goroutine', 'async', 'thread', 'macro', 'snippet', 'backend', 'frontend', 'database', 'schema', 'stored procedure', 'web app', 'website', 'webpage', 'chatbot', 'app', 'software', 'integer', 'strings', 'string',
    'python*', 'java', 'javascript*', 'typescript*', 'latex', 'formula', 'caching', 'cache layer', 'db', 'queries', 'generator', 'matrix', 'dictionary', 'variable', 'module', 'interface', 'struct', 'enum', 'server', 'crud', 'oauth', 'jwt', 'tests', 'node.js', 'nodejs', 'react', 'vue', 'angular', 'django', 'flask', 'golang', 'rust', 'c++', 'c#', 'php', 'ruby', 'rails', 'kotlin', 'swift', 'scala', 'haskell', 'perl', 'bash', 'powershell', 'shell', 'matlab', 'pandas', 'numpy', 'pytorch', 'tensorflow', 'mysql', 'postgres', 'postgresql', 'mongodb', 'redis', 'docker', 'kubernetes', 'terraform', 'nginx', 'arduino', 'excel formula', 'vba', 'jquery',
    'funkcj*', 'skrypt*', 'programu', 'kod', 'kodu', 'klas*', 'metod*', 'funktion', 'funktionen', 'skript', 'programm', 'klasse', 'methode', 'función', 'funciones', 'código', 'programa', 'clase', 'método', '函数', '代码', '程序', '脚本', '算法', '类', '接口', '数组', '字符串', '数据库',
  ],
  plan: [
    'plan', 'planning', 'strategy', 'strategic', 'roadmap', 'step by step', 'step-by-step', 'multi-step', 'multistep', 'investigate', 'investigation', 'root cause', 'architecture', 'migrate', 'migration', 'comprehensive', 'in-depth', 'research', 'literature review', 'trade-offs', 'roi', 'optimize', 'transformation', 'operations', 'expansion', 'framework for', 'analyze', 'assess', 'potential for', 'tradeoffs', 'end-to-end', 'business plan', 'feasibility', 'analyze the impact', 'proposal', 'consultant', 'go-to-market', 'phases', 'milestones', 'multi-service', 'prioritize', 'orchestrate', 'decompose', 'break down', 'subtasks',
    'zaplanuj', 'zaplanować', 'strategi*', 'architektur*', 'zbadaj', 'krok po kroku', 'plane', 'schritt für schritt', 'untersuche', 'planifica', 'estrategia', 'arquitectura', 'investiga', 'paso a paso', '规划', '计划', '方案', '策略', '逐步', '架构', '调研',
  ],
  agent: [
    'your goals', 'your goal', 'the goals', 'next command', 'next action', 'commands', 'progress you have made', 'autonomous', 'autonomously', 'agent', 'agents', 'sub-agent', 'subagent', 'operating system', 'new os', 'terminal', 'competition', 'benchmark', 'your only goal', 'you must solve', 'until it is solved', 'act like a', 'tool calls', 'sandbox', 'environment', 'observation', 'trajectory', 'bash command', 'task list', 'browse', 'your task is to', 'you are in',
  ],
  tool: ['function call', 'function calls', 'call the function', 'call the tool', 'use the tool', 'use the tools', 'using the tool', 'api call', 'api calls', 'webhook', 'run the command', 'run the shell', 'shell command', 'access to the following', 'following tools', 'following functions', 'following apis', 'available tools', 'available functions', 'tool', 'tools', 'narzędzi*', 'werkzeug', 'herramienta', '工具', '调用'],
  act: [
    'find', 'search', 'fetch', 'look up', 'lookup', 'retrieve', 'get', 'show me', 'send', 'email', 'check', 'track', 'schedule', 'book', 'order', 'reserve', 'cancel', 'return', 'refund', 'exchange', 'calculate', 'compute', 'convert', 'weather', 'forecast', 'price', 'stock', 'exchange rate', 'play', 'remind', 'reminder', 'calendar', 'open', 'list', 'download', 'upload', 'update', 'delete', 'create', 'add', 'set up', 'verify', 'validate', 'recommend', 'recommendation', 'suggest', 'suggestions', 'generate', 'translate', 'how much', 'cost', 'zip code', 'my name is', 'my email', 'order number', 'flight', 'hotel', 'restaurant', 'movie', 'song', 'recipe', 'news', 'details', 'information', 'id', 'url', 'number', 'tip', 'bmi', 'qr code', 'password', 'distance', 'random', 'latest', 'current',
    'znajdź', 'sprawdź', 'wyślij', 'pokaż', 'pogoda', 'finde', 'suche', 'sende', 'zeig', 'wetter', 'busca', 'envía', 'muestra', 'clima', '查询', '查找', '搜索', '发送', '天气', '预订', '计算', '提醒', '帮我查', '股价', '价格', '多少钱', '推荐',
  ],
  large: ['large context', 'entire repository', 'entire codebase', 'whole repository', 'whole codebase', 'całe repozytorium', 'gesamte repository', 'todo el repositorio', '整个仓库', '整个代码库'],
  hard: ['architecture', 'debug', 'debugging', 'deadlock', 'race condition', 'distributed', 'concurrency', 'prove', 'proof', 'architektur*', 'arquitectura', '架构'],
};
