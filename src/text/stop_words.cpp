#include "text/stop_words.h"

#include <array>

namespace kith::text {
namespace {

struct List {
  std::string_view language, words;
};

constexpr auto lists = std::to_array<List>({
    {"en",
     "a about above after again against all also am an and any are arent as at be because been before being "
     "below "
     "between both but by can cannot cant could couldnt did didnt do does doesnt doing dont down during each "
     "few for "
     "from further had hadnt has hasnt have havent having he her here hers herself him himself his how i if "
     "in into is "
     "isnt it its itself just me more most my myself no nor not of off on once only or other our ours "
     "ourselves out "
     "over own same she should shouldnt so some such than that the their theirs them themselves then there "
     "these they "
     "this those through to too under until up very was wasnt we were werent what when where which while who "
     "whom "
     "whose why will with would wouldnt you your yours yourself yourselves"},
    {"de",
     "aber alle allem allen aller alles als also am an andere anderem anderen anderer anderes auch auf aus "
     "bei beim bin "
     "bis bist da damit dann das dass dein deine deinem deinen deiner dem den denn der des dessen deren die "
     "dies diese "
     "diesem diesen dieser dieses doch dort du durch ein eine einem einen einer eines er es etwas euch euer "
     "eure für "
     "gegen hab habe haben hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer "
     "ihres im in "
     "ins ist ja jede jedem jeden jeder jedes jene jenem jenen jener jenes kann kein keine keinem keinen "
     "keiner können "
     "könnte man mein meine meinem meinen meiner mich mir mit muss musste nach nicht nichts noch nun nur ob "
     "oder ohne "
     "sehr sein seine seinem seinen seiner seines sich sie sind so solche soll sollte sondern sonst über um "
     "und uns "
     "unser unsere unter viel vom von vor war waren warum was weil welche welchem welchen welcher welches "
     "wem wen wenn "
     "wer werde werden wessen wie wieder will wir wird wo wohin worden wurde wurden während würde würden zu "
     "zum zur "
     "zwar zwischen"},
    {"fr",
     "à ai as au aucun aucune aussi autre autres aux avaient avait avec avoir ayant c ce ceci cela celle "
     "celles celui "
     "ces cet cette ceux chaque combien comme comment d dans de des donc dont du elle elles en encore entre "
     "est et "
     "était étaient étant été être eu eux fut furent il ils j je jusqu l la là le lequel laquelle les "
     "lesquelles "
     "lesquels leur leurs lorsque lui m ma mais me même mes mon n ne ni nos notre nous on ont ou où par "
     "parce pas "
     "pendant peut plus pour pourquoi qu quand que quel quelle quelles quels qui quoi s sa sans se sera ses "
     "si son "
     "sont sous sur t ta te tes toi ton tous tout toute toutes très tu un une vers vos votre vous y"},
    {"es",
     "a al algo algunas algunos ante antes aquel aquella aquellas aquellos así aún cada como cómo con contra "
     "cual cuál "
     "cuales cuáles cuando cuándo cuánto cuántos cuántas de del desde donde dónde dos durante e el él ella "
     "ellas ellos "
     "en entre era eran es esa esas ese eso esos esta está están estaba estas este esto estos fue fueron ha "
     "había han "
     "hasta hay la las le les lo los más me mi mí mientras mis mucho muchos muy nada ni no nos nosotros "
     "nuestra nuestro "
     "o otra otras otro otros para pero poco por porque pues qué que quien quién quienes quiénes se sea "
     "según ser si sí "
     "sido sin sobre son su sus también tan tanto te tenía tiene tienen toda todas todo todos tu tus u un "
     "una unas uno "
     "unos y ya yo"},
    {"it",
     "a ad agli ai al alla alle allo anche ancora avere aveva avevano c che chi ci cioè coi col come con "
     "contro cosa "
     "cui d da dagli dai dal dalla dalle dallo degli dei del della delle dello di dopo dove due e è ed era "
     "erano essa "
     "esse essere essi esso fra fu furono gli ha hanno ho i il in io l la le lei li lo loro ma me mentre mi "
     "mia mie "
     "miei mio ne negli nei nel nella nelle nello no noi non nostra nostro o ogni per perché più poi qual "
     "quale quali "
     "quando quanto quanti quella quelle quelli quello questa queste questi questo s sarà se sei si sia sono "
     "sta stata "
     "stati stato su sua sue sugli sui sul sulla sulle sullo suo suoi te ti tra tu tutta tutte tutti tutto "
     "un una uno "
     "v vi voi"},
    {"pt",
     "a à ao aos aquela aquelas aquele aqueles aquilo as às até com como da das de dela delas dele deles "
     "depois do dos "
     "e é ela elas ele eles em entre era eram essa essas esse esses esta está estão estas este estes eu foi "
     "foram há "
     "isso isto já lhe lhes mais mas me mesmo meu meus minha minhas muito na nas não nem no nos nós nossa "
     "nosso num "
     "numa o onde os ou para pela pelas pelo pelos por porque qual quais quando quanto que quem são se seja "
     "sem ser "
     "será seu seus só sob sobre sua suas também te tem têm tinha tu tua um uma umas uns você vocês"},
    {"nl",
     "aan al alles als altijd andere ben bij daar dan dat de der deze die dit doch doen door dus een en er "
     "ge geen had "
     "hadden heb hebben heeft hem het hier hij hoe hoeveel hun iemand iets ik in is ja je jij jouw kan kon "
     "kunnen maar "
     "me meer men met mij mijn moet na naar niet niets nog nu of om omdat ons onze ook op over te tegen toch "
     "toen tot "
     "u uit uw van veel voor waar waarom wanneer want waren was wat we wel welk welke werd werden wie wij "
     "word worden "
     "wordt zal ze zelf zich zij zijn zo zonder zou"},
    {"sv",
     "alla allt än är att av bara blev blir bli de deen dem den denna deras dess dessa det detta dig din "
     "dina ditt du "
     "efter ej eller en er era ert ett för från genom ha hade han hans har hennes hon honom hur i icke in "
     "inom inte ja "
     "jag kan kunde man med mellan men mig min mina mitt mot mycket någon något några när nu och om oss på "
     "så sådan "
     "samma sedan sig sin sina sitt ska skulle som till under upp ut utan vad var vara varför varit varje "
     "vars vem vi "
     "vid vilka vilken vilket"},
    {"da",
     "ad af aldrig alle alt at blev blive bliver da de dem den denne der deres det dette dig din dine disse "
     "dit du efter "
     "eller en end er et for fordi fra han hans har havde have hende hendes her hos hun hvad hvem hver "
     "hvilken hvis hvor "
     "hvordan hvorfor hvornår i ikke ind jeg jer jo kan kunne man mange med meget mellem men mig min mine "
     "mit mod når "
     "ned nogen noget nogle nu og også om op os over på så sådan selv sig sin sine sit skal skulle som til "
     "ud uden "
     "under var vi vil ville vor være været"},
    {"no",
     "alle alt at av bare begge ble blei bli blir både da de deg dem den denne der deres det dette din disse "
     "ditt du "
     "eller en enn er et ett etter for fordi fra før ha hadde han hans har hennes her hun hva hvem hver "
     "hvilke hvilken "
     "hvis hvor hvordan hvorfor i ikke inn ja jeg kan kom kun kunne man mange med meg mellom men min mine "
     "mitt mot mye "
     "når ned noe noen nå og også om opp oss over på samme seg selv sin sine sitt skal skulle slik som så "
     "til ut uten "
     "var vart ved vi vil ville vår være vært"},
    {"fi",
     "ei eivät emme en että ettei he heidän heitä hän hänen häntä ja jo joka joita jolla jonka jos jossa "
     "jota jotka kai "
     "kaikki kanssa kenen ketkä koska kuin kuinka kuka kun me meidän meitä mikä miksi millä milloin minkä "
     "minun minä "
     "missä mitkä mitä mukaan mutta myös ne niiden niin niitä noin nyt näiden nämä ole olen olet oli olivat "
     "olla olleet "
     "ollut on ovat se sekä sen siellä siihen siinä siitä sillä sinä sitä tai te tuo tämä tämän tässä tästä "
     "tätä vaan "
     "vai vaikka"},
    {"ru",
     "а без более бы был была были было быть в вам вас весь во вот все всё всего всех вы где да даже для до "
     "его ее её "
     "если есть еще ещё же за здесь и из или им их к как какая какие какой каком какую ко когда кого который "
     "которая "
     "которое которые которых кто куда ли либо между меня мне мной может мы на над нам нас не него нее неё "
     "нет ни них "
     "но ну о об однако он она они оно от очень по под почему при с сам свое своё свои своей сколько со так "
     "также такой "
     "там те тем то того тоже той только том ты у уже хотя чего чей чем что чтобы чье чья эта эти этих это "
     "этого этой "
     "этом этот эту я"},
    {"hu",
     "a ahhoz ahogy aki akik akkor alatt amely amelyek ami amikor amit annak arra az azok azon azonban azt "
     "aztán be "
     "csak de e egy egyes egyik ehhez ekkor el elég én ennek erre és ez ezek ezen ezért ezt fel ha hanem "
     "hogy hogyan hol "
     "igen így is ison itt ki kik kell le lehet lesz lett majd már még meg mely melyik mert mi mikor miért "
     "mint mit mivel "
     "most nagyon nem nincs ő ők ott pedig s saját sem sok számára szerint től több után úgy vagy van vannak "
     "volt voltak"},
    {"ro",
     "a acea aceasta această aceea acei aceia acel acela acele acest acesta aceste acestea al ale ar are as "
     "au avea ca "
     "cand când care ce cel cele cei cine cu cum da dar de decât deci despre din după e ea ei el ele era "
     "este eu fi fie "
     "fost iar în in înainte între îi îl își la le li lor lui mai mult ne nici nu o ori pe pentru prin până "
     "sa să sale "
     "sau se și si sub sunt un una unde unei unele unor unui va vă"},
    {"tr",
     "ama ancak bana bazı belki ben benim beri bir biz bize bu buna bunda bundan bunlar bunu bunun çok çünkü "
     "da daha de "
     "değil diye en gibi hem hep her hangi hiç için ile ise işte kadar kaç ki kim kime mi mı mu mü nasıl ne "
     "neden nedir "
     "nerede niçin niye o olan olarak oldu olduğu on ona ondan onlar onu onun sen siz şey şu tarafından tüm "
     "ve veya ya "
     "yani"},
    {"ar",
     "في من إلى على عن مع هذا هذه ذلك تلك التي الذي الذين كان كانت يكون أن إن أو ثم لا ما لم لن قد هو هي هم "
     "كل بعد قبل "
     "بين حتى إذا كما لكن أي أين متى كيف لماذا ماذا هل كم منذ عند"},
    {"el",
     "ο η το οι τα του τησ των τον την και κι να με για από σε στο στη στην στον στα στισ στουσ που πωσ τι "
     "ποιοσ ποια "
     "ποιο ποιοι πότε πού γιατί δεν θα είναι ήταν ένα ένασ μια ωσ αλλά ή αν όταν όπωσ αυτό αυτή αυτόσ αυτά "
     "τουσ τισ"},
    {"hi",
     "का की के को में से है हैं था थी थे और या पर ने यह वह ये वे इस उस इन उन कि जो तो भी ही एक कर करने किया क्या कौन कब "
     "कहाँ "
     "कैसे क्यों कितने कितना लिए साथ तक हो गया द्वारा नहीं अपने"},
});

}  // namespace

WordSet stop_words(std::string_view language) {
  WordSet words;
  for (const auto& list : lists) {
    if (list.language != language) continue;
    for (std::size_t at = 0; at < list.words.size();) {
      const auto end = std::min(list.words.find(' ', at), list.words.size());
      words.emplace(list.words.substr(at, end - at));
      at = end + 1;
    }
  }
  return words;
}

}  // namespace kith::text
